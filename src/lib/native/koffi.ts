// Where koffi's native addon comes from: in the packed binary from the asset inside it, elsewhere from npm.
// The packed binary uses the addon's own exports: koffi's JavaScript around it only searches directories for the
// addon and keeps deprecated names.
import { createRequire } from 'node:module';
import { getRawAsset, isSea } from 'node:sea';
import type Koffi from 'koffi';
import { loadAddon } from './addon.ts';
import { KOFFI_ASSET } from './assets.ts';

export type KoffiAddon = Pick<typeof Koffi, 'load' | 'errno'>;

export function loadKoffi(): KoffiAddon {
  if (isSea()) return loadAddon(new Uint8Array(getRawAsset(KOFFI_ASSET))) as KoffiAddon;
  return createRequire(import.meta.url)('koffi') as KoffiAddon;
}
