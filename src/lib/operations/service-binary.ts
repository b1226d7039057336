// Which file a service runs. It will run as root at every boot, so nobody but root may be able to put another in its
// place, and it must be the program that was asked to install it.
import { closeSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isSea } from 'node:sea';
import { errnoCode, ProxyError } from '../errors.ts';

/** Where the guide has it copied to. */
const USUAL_PATH = '/root/bcs-apiserver-proxy';

/** The path to print where nothing is checked or changed. */
export function binaryToPrint(given: string | undefined): string {
  return resolve(given ?? (isSea() ? process.execPath : USUAL_PATH));
}

/** The real path of the given binary, or of this one. Throws ProxyError "not-packed" or "binary-unsafe". */
export function serviceBinary(given: string | undefined): string {
  if (!isSea()) {
    throw new ProxyError(
      'not-packed',
      'a service needs the packed binary, and this program runs from its source',
      { suggestions: ['build it with scripts/build, copy it to the node and run it there'] },
    );
  }
  return requireSafe(given ?? process.execPath, '/proc/self/exe');
}

/** `running` is this program's own file. Returns the real path. */
export function requireSafe(path: string, running: string): string {
  const real = realPath(path);
  const file = statSync(real);
  if (!file.isFile() || (file.mode & 0o100) === 0) throw unsafe(real, 'it is no executable file');
  if (!sameFile(real, file, running)) throw unsafe(real, 'it is not this program');
  requireRootOnly(real, file, 'it');
  for (let directory = dirname(real); ; directory = dirname(directory)) {
    requireRootOnly(real, statSync(directory), `its directory ${directory}`);
    if (directory === dirname(directory)) return real;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw unsafe(path, errnoCode(error) === 'ENOENT' ? 'it is not there' : String(errnoCode(error)));
  }
}

function requireRootOnly(path: string, { uid, mode }: Stats, what: string): void {
  if (uid !== 0) throw unsafe(path, `${what} does not belong to root`);
  if ((mode & 0o022) !== 0) throw unsafe(path, `${what} can be written by others than root`);
}

function unsafe(path: string, why: string): ProxyError {
  return new ProxyError('binary-unsafe', `${path} cannot be what a service runs as root: ${why}`, {
    suggestions: [`copy this program to ${USUAL_PATH}, owned by root with mode 0755, and run it from there`],
  });
}

/** The same inode, or the same bytes. */
function sameFile(path: string, file: Stats, running: string): boolean {
  const own = statSync(running);
  if (own.dev === file.dev && own.ino === file.ino) return true;
  return own.size === file.size && sameBytes(path, running);
}

const CHUNK_BYTES = 1024 * 1024;

/** Of files of the same size. */
function sameBytes(path: string, other: string): boolean {
  const files = [openSync(path, 'r'), openSync(other, 'r')] as const;
  const chunks = files.map(() => Buffer.alloc(CHUNK_BYTES)) as [Buffer, Buffer];
  try {
    while (true) {
      const [read, otherRead] = files.map((fd, index) => readSync(fd, chunks[index] as Buffer));
      if (read !== otherRead || !chunks[0].equals(chunks[1])) return false;
      if (read === 0) return true;
    }
  } finally {
    for (const fd of files) closeSync(fd);
  }
}
