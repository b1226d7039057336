// One daemon for each virtual server: two with different sets would add and remove each other's real servers every second.
// A file lock (flock(2)) beside the state, which the kernel releases with its holder, however that ends.
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ignoreAbort } from '../errors.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { tryLock } from '../native/libc.ts';

export interface LockView {
  readonly held: boolean;
  /** "process 4711", as it called itself; in another container that number means nothing here. */
  readonly holder: string | undefined;
}

const ASK_EVERY_MS = 1000;

/** Whatever stands in its place is neither followed nor waited for. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class DaemonLock {
  readonly #path: string;
  #fd: number | undefined;
  #holder: string | undefined;

  constructor(directory: string, virtualServer: HostPort) {
    // IPVS tables are those of a network namespace. "net:[4026531840]"
    const namespace = readlinkSync('/proc/self/ns/net').replace(/\D/g, '');
    this.#path = join(directory, `daemon-${formatHostPort(virtualServer)}.${namespace}.lock`);
  }

  get view(): LockView {
    return { held: this.#fd !== undefined, holder: this.#holder };
  }

  /**
   * Returns whether the lock is held now: false = aborted before. `waiting` is called each second while somebody else has
   * it. Throws where no lock file can be made.
   */
  async take(signal: AbortSignal, waiting: (holder: string) => void): Promise<boolean> {
    while (!signal.aborted) {
      if (this.#try()) return true;
      waiting(this.#holder ?? 'another process');
      await delay(ASK_EVERY_MS, undefined, { signal }).catch(ignoreAbort);
    }
    return false;
  }

  /** Somebody holds it; asked without taking it, so that nobody who wants it is kept waiting. As in proc_locks(5). */
  get isTaken(): boolean {
    const { ino } = statSync(this.#path, { throwIfNoEntry: false }) ?? {};
    if (ino === undefined) return false;
    const locks = readFileSync('/proc/locks', 'utf8').split('\n');
    return locks.some(line => line.includes(' FLOCK ') && line.includes(`:${ino} `));
  }

  /** The file stays: removing it could remove the next holder's. */
  release(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #try(): boolean {
    mkdirSync(dirname(this.#path), { recursive: true });
    const fd = openSync(this.#path, FLAGS, 0o600);
    try {
      const locked = tryLock(fd);
      if (locked) {
        ftruncateSync(fd);
        writeSync(fd, `process ${process.pid}\n`, 0);
        this.#fd = fd;
      }
      this.#holder = locked ? undefined : holderIn(fd);
      return locked;
    } finally {
      if (this.#fd !== fd) closeSync(fd);
    }
  }
}

function holderIn(fd: number): string {
  const bytes = Buffer.alloc(64);
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0)).trim() || 'another process';
}
