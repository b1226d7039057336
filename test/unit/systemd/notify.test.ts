// Against a real datagram socket in place of systemd's.
import { closeSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bind, openSocket } from '../../../src/lib/native/libc.ts';
import { createNotifier } from '../../../src/lib/systemd/notify.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK = 0o4002;

/** Binds `address` (what follows sun_family) and returns what reads the next datagram; undefined = there is none. */
function manager(address: string): () => string | undefined {
  const fd = openSocket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
  onTestFinished(() => closeSync(fd));
  bind(fd, Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(address)]));
  const buffer = Buffer.alloc(4096);
  return () => {
    try {
      return buffer.toString('utf8', 0, readSync(fd, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
      throw error;
    }
  };
}

function fail(sentence: string): never {
  throw new Error(`unexpected: ${sentence}`);
}

describe('systemd is told', () => {
  test('every state, each in one datagram, in the order of the calls', () => {
    const socket = join(tempDir(), 'notify');
    const received = manager(`${socket}\0`);
    const notifier = createNotifier({ NOTIFY_SOCKET: socket }, fail);
    notifier.ready('3 real servers ready');
    notifier.status('2 of 3\nreal servers ready\n');
    notifier.watchdog();
    const before = process.hrtime.bigint() / 1000n;
    notifier.reloading();
    notifier.stopping();
    expect([received(), received(), received()]).toEqual([
      'READY=1\nSTATUS=3 real servers ready',
      'STATUS=2 of 3 real servers ready',
      'WATCHDOG=1',
    ]);
    const [, at] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(received() ?? '') ?? [];
    expect(Number(BigInt(at ?? 0) - before)).toBeGreaterThanOrEqual(0);
    expect([received(), received()]).toEqual(['STOPPING=1', undefined]);
  });

  test('at an abstract address, too', () => {
    const name = `bcs-apiserver-proxy-test-${process.pid}`;
    const received = manager(`\0${name}`);
    createNotifier({ NOTIFY_SOCKET: `@${name}` }, fail).stopping();
    expect(received()).toBe('STOPPING=1');
  });
});

describe('nothing is sent, and nothing fails', () => {
  test.each([undefined, ''])('where NOTIFY_SOCKET is %j', socket => {
    const notifier = createNotifier({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' }, fail);
    notifier.ready('');
    notifier.watchdog();
    notifier.stopping();
    expect(notifier.watchdogIntervalMs).toBeUndefined();
  });
});

describe('a notification that cannot be sent is told once', () => {
  test.each([
    ['/nowhere/notify', 'connect: ENOENT'],
    ['/dev/null', 'connect: ECONNREFUSED'],
    ['vsock:2:1234', 'it is neither a path nor an abstract name'],
    [`/${'x'.repeat(108)}`, 'it is longer than 108 bytes'],
  ])('%s', (socket, reason) => {
    const failures: string[] = [];
    const notifier = createNotifier({ NOTIFY_SOCKET: socket }, sentence => failures.push(sentence));
    notifier.ready('');
    notifier.watchdog();
    expect(failures).toEqual([`systemd cannot be notified, NOTIFY_SOCKET=${socket}: ${reason}`]);
  });

  test('also when nobody reads: it does not wait', () => {
    const socket = join(tempDir(), 'notify');
    manager(`${socket}\0`);
    const failures: string[] = [];
    const notifier = createNotifier({ NOTIFY_SOCKET: socket }, sentence => failures.push(sentence));
    for (let count = 0; count < 5000 && failures.length === 0; count += 1) notifier.watchdog();
    expect(failures).toEqual([
      expect.stringMatching(/^systemd cannot be notified, NOTIFY_SOCKET=\S+: EAGAIN: /),
    ]);
  });
});

describe('the watchdog is fed at half of its limit', () => {
  const interval = (env: NodeJS.ProcessEnv) =>
    createNotifier({ NOTIFY_SOCKET: '/run/systemd/notify', ...env }, fail).watchdogIntervalMs;

  test.each([
    ['30 s', { WATCHDOG_USEC: '30000000' }, 15_000],
    ['of this process', { WATCHDOG_USEC: '2000000', WATCHDOG_PID: String(process.pid) }, 1000],
    ['of another process', { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '1' }, undefined],
    ['none', {}, undefined],
    ['off', { WATCHDOG_USEC: '0' }, undefined],
    ['rubbish', { WATCHDOG_USEC: '30s' }, undefined],
  ])('%s', (_, env, expected) => {
    expect(interval(env)).toBe(expected);
  });
});
