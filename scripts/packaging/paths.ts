// The places that the packaging scripts share.
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DIST = `${ROOT}dist`;
export const CACHE = `${ROOT}.cache`;
export const BUNDLE = `${DIST}/index.cjs`;
