// The packed binary's main script: runs the bundle, which is an asset and not the main script itself because
// only so can it come with a code cache that covers the functions inside it.
import { getAssetKeys, getRawAsset } from 'node:sea';
import { stopCoverage } from 'node:v8';
import { Script } from 'node:vm';
import { printVersion } from '../cli/version.ts';
import { BUNDLE_ASSET, CODE_CACHE_ASSET } from '../lib/native/assets.ts';

/** What Node, OpenSSL and libuv read: variables that are meant for other programs, or for harm. */
const RUNTIME = /^(NODE_(?!NAME$)|OPENSSL_|SSL_CERT_|UV_)/;

startClean();
if (!printVersion(process.argv.slice(2))) runBundle();

/** Node has read them by now; a process that never had them takes our place, under the same number. */
function startClean(): void {
  const names = Object.keys(process.env).filter(name => RUNTIME.test(name));
  if (names.length === 0 || process.execve === undefined) return;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !RUNTIME.test(name)));
  process.removeAllListeners('warning'); // execve is called experimental
  stopCoverage(); // or what NODE_V8_COVERAGE asks for is written before we leave
  process.execve(process.execPath, [process.argv0, ...process.argv.slice(2)], env as Record<string, string>);
}

function runBundle(): void {
  // A cache that V8 refuses is no failure: it then compiles the source.
  const cachedData = getAssetKeys().includes(CODE_CACHE_ASSET) ? asset(CODE_CACHE_ASSET) : undefined;
  const bundle = new Script(asset(BUNDLE_ASSET).toString('utf8'), { filename: BUNDLE_ASSET, cachedData });
  bundle.runInThisContext()(require, __filename);
}

function asset(name: string): Buffer {
  return Buffer.from(getRawAsset(name));
}
