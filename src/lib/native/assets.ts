// The names of the files inside the packed binary.
export const BUNDLE_ASSET = 'index.cjs';
export const CODE_CACHE_ASSET = 'index.cache';
/** koffi's native addon. */
export const KOFFI_ASSET = 'koffi.node';
