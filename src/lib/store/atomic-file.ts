// Durable files: after a power loss a reader finds the old contents or the new ones, never a mix or nothing.

import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoCode, isENOENT, ProxyError } from '../errors.ts';

/** Far more than any file of ours has; a foreign giant in its place must not hold up the node. */
const MAX_BYTES = 1024 * 1024;

/** Undefined when there is no such file. Refuses what would block or never end: pipes, devices, giants. */
export function readFileIfThere(path: string, encoding: BufferEncoding = 'utf8'): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw notAFile(path, stat);
    if (stat.size > MAX_BYTES)
      throw new ProxyError(
        'file-error',
        `${path} cannot be read: it has ${stat.size} bytes, and at most ${MAX_BYTES} are expected`,
      );
    return readFileSync(path, encoding);
  } catch (error) {
    if (isENOENT(error)) return undefined;
    throw cannot('read', path, error);
  }
}

/** Writes only when the contents differ; returns whether it wrote. */
export function writeFileIfChanged(path: string, contents: string, mode = 0o644): boolean {
  if (readFileIfThere(path) === contents) return false;
  writeFileAtomic(path, contents, mode);
  return true;
}

/** Temporary file, fsync, rename, fsync of the directory. */
export function writeFileAtomic(path: string, contents: string | Buffer, mode = 0o644): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    refuseUnlessRegular(path);
    removeLeftovers(path);
    writeDurably(temporary, contents, mode);
    renameSync(temporary, path);
    syncDirectory(directory);
  } catch (error) {
    removeIfPossible(temporary);
    throw cannot('written', path, error);
  }
}

/**
 * Throws what writing or removing the file would fail with, as far as that can be known beforehand: a read-only file system,
 * a lack of permission, something else in its place.
 */
export function requireWritable(path: string): void {
  try {
    refuseUnlessRegular(path);
    let directory = dirname(path);
    while (!existsSync(directory)) directory = dirname(directory);
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw cannot('written', path, error);
  }
}

/** A writer that was killed leaves its temporary file; one that is older than this is nobody's any more. */
const LEFT_OVER_MS = 3_600_000;

function removeLeftovers(path: string): void {
  const directory = dirname(path);
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(`.${basename(path)}.`) || !name.endsWith('.tmp')) continue;
    const stat = lstatSync(join(directory, name), { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > LEFT_OVER_MS)
      removeIfPossible(join(directory, name));
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What made the writing fail (a read-only disk, a file in place of the directory) is what gets reported.
  }
}

/** Returns whether there was something to remove. */
export function removeFile(path: string): boolean {
  try {
    rmSync(path);
    return true;
  } catch (error) {
    if (isENOENT(error)) return false;
    throw cannot('removed', path, error);
  }
}

function writeDurably(path: string, contents: string | Buffer, mode: number): void {
  // Nothing that stands there already is written to, or followed.
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    writeFileSync(fd, contents);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function refuseUnlessRegular(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isFile()) throw notAFile(path, stat);
}

function notAFile(path: string, stat: Stats): ProxyError {
  const kind = stat.isDirectory() ? 'a directory' : 'not a regular file';
  return new ProxyError('not-a-file', `${path} is ${kind}`, {
    suggestions: [`move it away: mv ${path} ${path}.broken`],
  });
}

const REASONS: Record<string, string> = {
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a directory',
  ERR_FS_EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  EEXIST: 'a part of its path is not a directory',
};

function cannot(verb: 'read' | 'written' | 'removed', path: string, error: unknown): Error {
  if (error instanceof ProxyError) return error;
  const code = errnoCode(error) ?? String(error);
  return new ProxyError('file-error', `${path} cannot be ${verb}: ${REASONS[code] ?? code}`, {
    cause: error,
  });
}
