// Durable files: after a power loss a reader finds the old contents or the new ones, never a mix or nothing.
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoCode, isENOENT, ProxyError } from '../errors.ts';

/** Undefined when there is no such file. */
export function readFileIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
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
export function writeFileAtomic(path: string, contents: string, mode = 0o644): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${process.pid}.tmp`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    refuseUnlessRegular(path);
    writeDurably(temporary, contents, mode);
    renameSync(temporary, path);
    syncDirectory(directory);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw cannot('write', path, error);
  }
}

/** Returns whether there was something to remove. */
export function removeFile(path: string): boolean {
  try {
    rmSync(path);
    return true;
  } catch (error) {
    if (isENOENT(error)) return false;
    throw cannot('remove', path, error);
  }
}

function writeDurably(path: string, contents: string, mode: number): void {
  const fd = openSync(path, 'w', mode);
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
  if (stat === undefined || stat.isFile()) return;
  throw new ProxyError(
    'not-a-file',
    `${path} is ${stat.isDirectory() ? 'a directory' : 'not a regular file'}`,
  );
}

const REASONS: Record<string, string> = {
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
};

function cannot(verb: string, path: string, error: unknown): Error {
  if (error instanceof ProxyError) return error;
  const code = errnoCode(error) ?? String(error);
  return new ProxyError(
    'file-error',
    `${path} cannot be ${verb === 'read' ? 'read' : verb === 'write' ? 'written' : 'removed'}: ${REASONS[code] ?? code}`,
    {
      cause: error,
    },
  );
}
