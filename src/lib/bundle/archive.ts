// A bundle as one file: a compressed tar, written whole or not at all, for root's eyes only.
import { lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { UsageError } from '../errors.ts';
import { writeFileAtomic } from '../store/atomic-file.ts';
import type { BundleFile } from './bundle.ts';

/** It has the addresses of the cluster in it. */
const MODE = 0o600;

/** Throws UsageError, before anything is collected: an older bundle is evidence, and is never written over. */
export function refuseTarget(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new UsageError(`--bundle ${path}: it exists; give another name, or remove it`);
  const directory = dirname(resolve(path));
  if (!lstatSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(
      `--bundle ${path}: there is no directory ${directory}; make it, or choose another one`,
    );
}

/** `directory` is what unpacking it makes. Returns its size in bytes. */
export function writeArchive(path: string, directory: string, files: readonly BundleFile[]): number {
  const attrs = { mode: MODE.toString(8), uid: 0, gid: 0, mtime: Date.now() };
  const entries = files.map(({ name, text }) => ({ name: `${directory}/${name}`, data: text }));
  const bytes = gzipSync(createTar(entries, { attrs }));
  writeFileAtomic(path, bytes, MODE);
  return bytes.length;
}
