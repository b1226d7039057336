// V8's code cache of the bundle: every function compiled beforehand, which saves 10 ms of each start. Node's
// own (useCodeCache) holds no inner functions and differs from build to build.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const COMPILER = fileURLToPath(new URL('compile-cache.ts', import.meta.url));

/** Writes the cache of `script` for this machine's architecture; it is refused by any other. */
export function writeCodeCache(script: string, output: string): void {
  // The seed orders V8's hash tables: a fixed one makes two builds equal. The packed Node keeps its random seed.
  run('--hash-seed=1', COMPILER, 'write', script, output);
  run(COMPILER, 'check', script, output);
}

function run(...args: string[]): void {
  execFileSync(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' } });
}
