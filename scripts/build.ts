// Builds dist/: the bundle, the packed binary of this machine (--all: of both architectures) and their hashes.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { packBinary } from './packaging/binary.ts';
import { bundleProgram } from './packaging/bundle.ts';
import { DIST } from './packaging/paths.ts';
import { hostTarget, TARGETS } from './packaging/targets.ts';

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });

mkdirSync(DIST, { recursive: true });
await bundleProgram();
const binaries: string[] = [];
for (const target of values.all ? Object.values(TARGETS) : [hostTarget()]) {
  binaries.push(await packBinary(target, DIST));
}
writeFileSync(join(DIST, 'SHA256SUMS'), binaries.map(sha256Line).join(''));

function sha256Line(file: string): string {
  return `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}\n`;
}
