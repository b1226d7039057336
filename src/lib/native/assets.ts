// The names of the files inside the packed binary.
export const BUNDLE_ASSET = 'index.cjs';
export const CODE_CACHE_ASSET = 'index.cache';
/** docs/troubleshooting.md, for a node that has no copy of the repository. */
export const TROUBLESHOOTING_ASSET = 'troubleshooting.md';
/** koffi's native addon. */
export const KOFFI_ASSET = 'koffi.node';
