// The packed binary's main script: runs the bundle, which is an asset and not the main script itself because
// only so can it come with a code cache that covers all of its functions.
import { getAssetKeys, getRawAsset } from 'node:sea';
import { Script } from 'node:vm';
import { BUNDLE_ASSET, CODE_CACHE_ASSET } from './assets.ts';

const asset = (name: string) => Buffer.from(getRawAsset(name));

// A cache that V8 refuses is no failure: it then compiles the source.
const cachedData = getAssetKeys().includes(CODE_CACHE_ASSET) ? asset(CODE_CACHE_ASSET) : undefined;
const bundle = new Script(asset(BUNDLE_ASSET).toString('utf8'), { filename: BUNDLE_ASSET, cachedData });
bundle.runInThisContext()(require, __filename);
