// V8's code cache of the bundle: what a start compiles, compiled beforehand, which saves 10 ms of each. Node's
// own (useCodeCache) holds no inner functions and differs from build to build; one of every function is 3 times
// as large and 4 ms slower to load.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const COMPILER = fileURLToPath(new URL('compile-cache.ts', import.meta.url));

/** Writes the cache of `script` for this machine's architecture; it is refused by any other. */
export function writeCodeCache(script: string, output: string): void {
  // The seed orders V8's hash tables, and threads of its own and random identity hashes leave marks, too: fixed, they make
  // two builds equal, on a busy machine as well. The packed Node keeps its random seed.
  run('--hash-seed=1', '--predictable', COMPILER, 'write', script, output);
  run(COMPILER, 'check', script, output);
}

/** Without an environment and a terminal, on which the functions that run would depend. */
function run(...args: string[]): void {
  execFileSync(process.execPath, args, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
}
