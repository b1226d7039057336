// The C functions that Node lacks, called for real: none of these calls needs a privilege.
import { closeSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bind, openSocket, setSocketOption, threadCpuMs } from '../../../src/lib/native/libc.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const O_CLOEXEC = 0o2000000;

function withSocket(use: (fd: number) => void): void {
  const fd = openSocket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

describe('the C library', () => {
  test('opens a netlink socket that no child inherits', () => {
    withSocket(fd => {
      const flags = /flags:\s+([0-7]+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
      expect(Number.parseInt(flags, 8) & O_CLOEXEC).toBe(O_CLOEXEC);
    });
  });

  test('sets an option from a number', () => {
    withSocket(fd => setSocketOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1));
  });

  test('the CPU time of this thread: exact', () => {
    const times = Array.from({ length: 100 }, threadCpuMs);
    expect(times.filter((time, index) => index > 0 && time <= (times[index - 1] ?? 0))).toEqual([]);
  });

  test('and without what it slept', () => {
    const [cpu, clock] = [threadCpuMs(), performance.now()];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    expect(threadCpuMs() - cpu).toBeLessThan(performance.now() - clock);
  });

  test('binds to a packed address', () => {
    // struct sockaddr_nl { u16 family; u16 pad; u32 pid; u32 groups }: pid 0 lets the kernel choose.
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK);
    withSocket(fd => bind(fd, address));
  });

  test('fails with the name of the call and of the error', () => {
    expect(() => openSocket(AF_NETLINK, SOCK_RAW, 999)).toThrow(
      expect.objectContaining({ name: 'LibcError', syscall: 'socket', code: 'EPROTONOSUPPORT', errno: 93 }),
    );
    expect(() => setSocketOption(-1, 1, 1, 1)).toThrow(
      expect.objectContaining({ syscall: 'setsockopt', code: 'EBADF', errno: 9 }),
    );
  });
});
