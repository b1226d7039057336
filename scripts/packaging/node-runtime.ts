// The Node that a binary is made of, without its symbols: 18 MB less and as fast. It must be stripped before
// anything is injected; a file that is stripped afterwards crashes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { packageDirectory } from './npm-packages.ts';
import { CACHE } from './paths.ts';
import type { Target } from './targets.ts';

export function strippedNode({ arch, gnuTriplet }: Target): string {
  const stripped = join(CACHE, `node-${process.version}-linux-${arch}`);
  if (existsSync(stripped)) return stripped;
  mkdirSync(CACHE, { recursive: true });
  const node = join(packageDirectory(`node-linux-${arch}`), 'bin/node');
  const partial = `${stripped}.partial`;
  // From Debian's binutils and, for the other architecture, binutils-aarch64-linux-gnu.
  execFileSync(`${gnuTriplet}-strip`, ['-s', '-o', partial, node]);
  renameSync(partial, stripped);
  return stripped;
}
