// Where the lab keeps things on the host side. Nothing outside .cache/lab is ever written.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '../..');
export const CACHE = join(REPOSITORY, '.cache/lab');

/** The tier fails, and says what is missing, rather than skip. */
export function requireProgram(name: string, packageName: string): void {
  const found = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/sbin');
  if (found.some(directory => existsSync(join(directory, name)))) return;
  throw new Error(`The kernel lab needs ${name} (Debian package ${packageName}). Run scripts/setup as root.`);
}
