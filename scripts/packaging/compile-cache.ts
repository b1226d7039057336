// Run by code-cache.ts in a process of its own, because V8's flags are per process.
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const [mode, scriptPath = '', cachePath = ''] = process.argv.slice(2);
const source = readFileSync(scriptPath, 'utf8');

if (mode === 'write') {
  setFlagsFromString('--no-lazy');
  const script = new Script(source);
  // V8 refuses a cache that was written under other flags than those it runs under: back to the defaults.
  setFlagsFromString('--lazy');
  setFlagsFromString('--hash-seed=0');
  writeFileSync(cachePath, script.createCachedData());
} else if (new Script(source, { cachedData: readFileSync(cachePath) }).cachedDataRejected) {
  throw new Error(`V8 refuses ${cachePath}`);
}
