// The packed binary of one architecture, from the bundle.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BUNDLE_ASSET,
  CODE_CACHE_ASSET,
  KOFFI_ASSET,
  TROUBLESHOOTING_ASSET,
} from '../../src/lib/native/assets.ts';
import { bundlePackedMain } from './bundle.ts';
import { writeCodeCache } from './code-cache.ts';
import { packageDirectory } from './npm-packages.ts';
import { packExecutable } from './pack.ts';
import { BUNDLE, CACHE, ROOT } from './paths.ts';
import type { Target } from './targets.ts';

export async function packBinary(target: Target, directory: string): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'pack-'));
  const main = join(work, 'main.cjs');
  await bundlePackedMain(main);
  const script = join(work, BUNDLE_ASSET);
  // A function of what a CommonJS module is given; the packed main script calls it.
  writeFileSync(script, `(function (require, __filename) {${readFileSync(BUNDLE, 'utf8')}\n})`);
  const assets: Record<string, string> = {
    [BUNDLE_ASSET]: script,
    [KOFFI_ASSET]: join(
      packageDirectory(`@koromix/koffi-linux-${target.arch}`),
      `linux_${target.arch}/koffi.node`,
    ),
  };
  assets[TROUBLESHOOTING_ASSET] = `${ROOT}docs/troubleshooting.md`;
  assets[CODE_CACHE_ASSET] = join(work, CODE_CACHE_ASSET);
  writeCodeCache(script, assets[CODE_CACHE_ASSET], target);
  const output = join(directory, target.file);
  await packExecutable(target, main, assets, output);
  rmSync(work, { recursive: true });
  return output;
}
