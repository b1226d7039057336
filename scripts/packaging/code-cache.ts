// V8's code cache of the bundle: what a start compiles, compiled beforehand, which saves 10 ms of each. Node's
// own (useCodeCache) holds no inner functions and differs from build to build; one of every function is 3 times
// as large and 4 ms slower to load.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { unpackPackages } from './image/libraries.ts';
import { strippedNode } from './node-runtime.ts';
import type { Target } from './targets.ts';

const COMPILER = fileURLToPath(new URL('compile-cache.ts', import.meta.url));

/** Writes the cache of `script` for one architecture; it is refused by any other. */
export function writeCodeCache(script: string, output: string, target: Target): void {
  const node = nodeCommand(target, process.arch, {
    node: () => strippedNode(target),
    libraries: () => unpackPackages(target.arch, false).root,
  });
  // The seed orders V8's hash tables, threads of its own and random identity hashes leave marks, and functions that were
  // not used for a while are forgotten: fixed, they make two builds equal, on a busy machine as well. The packed Node
  // keeps its random seed.
  run(node, '--hash-seed=1', '--predictable', '--no-flush-bytecode', COMPILER, 'write', script, output);
  run(node, COMPILER, 'check', script, output);
}

/** The command that runs Node of an architecture on this machine, `here`. */
export function nodeCommand(
  target: Target,
  here: string,
  foreign: { readonly node: () => string; readonly libraries: () => string },
): readonly [string, ...string[]] {
  if (target.arch === here) return [process.execPath];
  // V8 compiles for the processor that it runs on, so a foreign one is emulated; its program needs its own libraries.
  const [processor] = target.gnuTriplet.split('-');
  return [`qemu-${processor}`, '-L', foreign.libraries(), foreign.node()];
}

/** Without an environment and a terminal, on which the functions that run would depend. */
function run([file, ...before]: readonly [string, ...string[]], ...args: string[]): void {
  try {
    execFileSync(file, [...before, ...args], { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${file} is missing (Debian package qemu-user): run scripts/setup as root`);
  }
}
