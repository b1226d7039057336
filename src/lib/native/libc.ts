// The C functions that Node lacks, and the only importer of koffi. A descriptor that openSocket returns is
// then read, written and closed with node:fs, which is as fast and needs no foreign call.
import { getSystemErrorName } from 'node:util';
import { loadKoffi } from './koffi.ts';

// <bits/socket_type.h>: no child that we spawn may inherit a socket with CAP_NET_ADMIN's power.
const SOCK_CLOEXEC = 0o2000000;

/** A failed call. `errno` is the kernel's number, positive as in <errno.h>; `code` its name, e.g. EPERM. */
export class LibcError extends Error {
  override readonly name = 'LibcError';
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${syscall}: ${code}`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
  }
}

type Libc = {
  socket: (domain: number, type: number, protocol: number) => number;
  setsockopt: (fd: number, level: number, option: number, value: Buffer, length: number) => number;
  bind: (fd: number, address: Buffer, length: number) => number;
  connect: (fd: number, address: Buffer, length: number) => number;
  flock: (fd: number, operation: number) => number;
  clock_gettime: (clock: number, time: Buffer) => number;
  errno: () => number;
};

let loaded: Libc | undefined;

function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  const koffi = loadKoffi();
  // null is dlopen(NULL): Node itself is linked to the C library, so that no file name has to be guessed.
  const self = koffi.load(null);
  return {
    socket: self.func('int socket(int domain, int type, int protocol)'),
    setsockopt: self.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
    bind: self.func('int bind(int fd, const void *address, uint32_t length)'),
    connect: self.func('int connect(int fd, const void *address, uint32_t length)'),
    flock: self.func('int flock(int fd, int operation)'),
    clock_gettime: self.func('int clock_gettime(int clock, _Out_ void *time)'),
    errno: koffi.errno,
  };
}

/** socket(2), always close-on-exec. Returns the descriptor, which the caller closes with fs.closeSync. */
export function openSocket(domain: number, type: number, protocol: number): number {
  return check('socket', libc().socket(domain, type | SOCK_CLOEXEC, protocol));
}

/** setsockopt(2). A number is passed as the C `int` that almost every option is. */
export function setSocketOption(fd: number, level: number, option: number, value: number | Buffer): void {
  const bytes = typeof value === 'number' ? int(value) : value;
  check('setsockopt', libc().setsockopt(fd, level, option, bytes, bytes.length));
}

/** bind(2) with a packed struct sockaddr. */
export function bind(fd: number, sockaddr: Buffer): void {
  check('bind', libc().bind(fd, sockaddr, sockaddr.length));
}

/** connect(2) with a packed struct sockaddr. Waits where the descriptor does and the protocol has a handshake. */
export function connectSocket(fd: number, sockaddr: Buffer): void {
  check('connect', libc().connect(fd, sockaddr, sockaddr.length));
}

// <sys/file.h>
const LOCK_EX = 2;
const LOCK_NB = 4;

/** flock(2), exclusive and without waiting: false = somebody else has it. Closing the descriptor releases it. */
export function tryLock(fd: number): boolean {
  try {
    check('flock', libc().flock(fd, LOCK_EX | LOCK_NB));
    return true;
  } catch (error) {
    if (error instanceof LibcError && error.code === 'EAGAIN') return false;
    throw error;
  }
}

// <linux/time.h>
const CLOCK_THREAD_CPUTIME_ID = 3;
/** struct timespec { long tv_sec; long tv_nsec; }; */
const TIMESPEC_BYTES = 16;

/** clock_gettime(2): the CPU time (ms) of this thread so far, to the microsecond. Node has it to a clock tick (K86). */
export function threadCpuMs(): number {
  const time = Buffer.alloc(TIMESPEC_BYTES);
  check('clock_gettime', libc().clock_gettime(CLOCK_THREAD_CPUTIME_ID, time));
  return Number(time.readBigInt64LE(0)) * 1e3 + Number(time.readBigInt64LE(8)) / 1e6;
}

function check(syscall: string, result: number): number {
  if (result < 0) throw new LibcError(syscall, libc().errno());
  return result;
}

/** Both of our targets are little-endian. */
function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
