#!/usr/bin/env node
// The unpacked entry: the same bundle that the packed binary holds.
import '../dist/index.cjs';
