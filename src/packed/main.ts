// The packed binary's main script: runs the bundle, which is an asset and not the main script itself because
// only so can it come with a code cache that covers the functions inside it.
import { getAssetKeys, getRawAsset } from 'node:sea';
import { Script } from 'node:vm';
import { printVersion } from '../cli/version.ts';
import { BUNDLE_ASSET, CODE_CACHE_ASSET } from '../lib/native/assets.ts';

if (!printVersion(process.argv.slice(2))) runBundle();

function runBundle(): void {
  // A cache that V8 refuses is no failure: it then compiles the source.
  const cachedData = getAssetKeys().includes(CODE_CACHE_ASSET) ? asset(CODE_CACHE_ASSET) : undefined;
  const bundle = new Script(asset(BUNDLE_ASSET).toString('utf8'), { filename: BUNDLE_ASSET, cachedData });
  bundle.runInThisContext()(require, __filename);
}

function asset(name: string): Buffer {
  return Buffer.from(getRawAsset(name));
}
