// A directory for what is only needed while something is made: below .cache, so that it can be moved to dist at once.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from './paths.ts';

export function inWorkDirectory<T>(name: string, make: (directory: string) => T): T {
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, `${name}-`));
  try {
    return make(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
