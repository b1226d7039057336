// Run by code-cache.ts, in a process of its own because V8's flags are per process. A first round of command lines
// compiles what is worth keeping: they load every command and do nothing, so that the cache is the same everywhere.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import manifest from '../../oclif.manifest.json' with { type: 'json' };

const [mode, scriptPath = '', cachePath = ''] = process.argv.slice(2);
const source = readFileSync(scriptPath, 'utf8');

const rehearsals = [
  ['--help'],
  ...Object.keys(manifest.commands).flatMap(id => [
    [id, '--help'],
    [id, '--no-such-flag'],
  ]),
];

function rehearse(script: Script): void {
  const args = rehearsals.shift();
  if (!args) {
    write(script);
    return;
  }
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args);
  script.runInThisContext()(createRequire(scriptPath), scriptPath);
  // The bundle has finished when nothing is left to do.
  process.once('beforeExit', () => rehearse(script));
}

function write(script: Script): void {
  // V8 refuses a cache that was written under other flags than those it runs under: back to the default.
  setFlagsFromString('--hash-seed=0');
  setFlagsFromString('--flush-bytecode');
  writeFileSync(cachePath, script.createCachedData());
  process.exitCode = 0;
}

if (mode === 'write') {
  rehearse(new Script(source));
} else if (new Script(source, { cachedData: readFileSync(cachePath) }).cachedDataRejected) {
  throw new Error(`V8 refuses ${cachePath}`);
}
