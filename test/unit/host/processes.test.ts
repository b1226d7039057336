// What /proc says of real processes: arguments, executables, listening sockets.
import { once } from 'node:events';
import { copyFileSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isGoProgram } from '../../../src/lib/host/go-program.ts';
import { listenersOf, parseListening } from '../../../src/lib/host/listeners.ts';
import {
  flagOf,
  type HostProcess,
  listProcesses,
  programOf,
  sameExecutable,
} from '../../../src/lib/host/processes.ts';
import { asSeen, start } from '../../helpers/processes.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const ESBUILD = join(import.meta.dirname, '../../../node_modules/@esbuild/linux-x64/bin/esbuild');

function started(...argv: string[]): HostProcess {
  return { pid: 1, argv, directory: '/proc/1' };
}

describe('processes', () => {
  test('a running one has its arguments, and one that ended is gone', async () => {
    const child = start('/bin/sh', 'kubelet', ['-c', 'read line', 'a  b']);
    const seen = asSeen(child);
    expect(seen).toEqual({
      pid: child.pid,
      argv: ['kubelet', '-c', 'read line', 'a  b'],
      directory: `/proc/${child.pid}`,
    });
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(listProcesses().find(({ pid }) => pid === child.pid)).toBeUndefined();
  });

  test('kernel threads, and what is no process, are left out', () => {
    const proc = tempDir();
    for (const [name, cmdline] of [
      ['2', ''],
      ['17', '/usr/bin/kubelet\0--v=2\0'],
      ['sys', 'x\0'],
    ] as const) {
      mkdirSync(join(proc, name));
      writeFileSync(join(proc, name, 'cmdline'), cmdline);
    }
    mkdirSync(join(proc, '99')); // ended meanwhile
    expect(listProcesses(proc)).toEqual([
      { pid: 17, argv: ['/usr/bin/kubelet', '--v=2'], directory: join(proc, '17') },
    ]);
  });

  test.each([
    [['k', '--kubeconfig', '/a'], '/a'],
    [['k', '--kubeconfig=/a'], '/a'],
    [['k', '--kubeconfig=/a', '--kubeconfig', '/b'], '/b'],
    [['k', '--kubeconfig='], ''],
    [['k', '--kubeconfig-dir=/a'], undefined],
    [['k', '--kubeconfig'], undefined],
    [['k'], undefined],
  ])('%j: --kubeconfig is %s', (argv, expected) => {
    expect(flagOf(started(...argv), 'kubeconfig')).toBe(expected);
  });

  test('the program is the name that it was started by', () => {
    expect(programOf(started('/usr/local/bin/kube-proxy', '--v=2'))).toBe('kube-proxy');
    expect(programOf(started('kubelet'))).toBe('kubelet');
  });

  test('the same file under two names is the same executable, a copy is not', () => {
    const directory = tempDir();
    const [a = '', link = '', copy = ''] = ['a', 'link', 'copy'].map(name => join(directory, name));
    writeFileSync(a, 'x');
    linkSync(a, link);
    copyFileSync(a, copy);
    expect([link, copy, join(directory, 'none')].map(other => sameExecutable(a, other))).toEqual([
      true,
      false,
      false,
    ]);
    expect(sameExecutable('/nonexistent/a', '/nonexistent/a')).toBe(false);
  });

  test('also when its file was replaced while it ran, as an upgrade does', () => {
    const directory = tempDir();
    const file = join(directory, 'program');
    copyFileSync('/bin/sleep', file);
    const child = start(file, 'program', ['60']);
    rmSync(file);
    copyFileSync('/bin/sleep', file);
    const exe = `/proc/${child.pid}/exe`;
    expect([sameExecutable(exe, exe), sameExecutable(exe, file)]).toEqual([true, false]);
  });
});

describe('written in Go', () => {
  test.each([
    ['a Go program without symbols', ESBUILD, true],
    ['Node, which ours is', process.execPath, false],
    ['a program in C', '/bin/sleep', false],
    ['a text', import.meta.filename, false],
    ['an empty file', '/dev/null', false],
    ['a directory', '/', false],
    ['nothing', '/nonexistent', false],
  ])('%s', (_, path, expected) => {
    expect(isGoProgram(path)).toBe(expected);
  });

  test('a truncated one is none, and no failure', () => {
    const file = join(tempDir(), 'short');
    writeFileSync(file, Buffer.from('\x7fELF\x02\x01', 'latin1'));
    expect(isGoProgram(file)).toBe(false);
  });
});

describe('listening sockets', () => {
  test.each(['127.0.0.1', '::1'])('of a process, on %s', async host => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ours = { pid: process.pid, argv: ['x'], directory: '/proc/self' };
    const bytes = host === '::1' ? [...Array(15).fill(0), 1] : [127, 0, 0, 1];
    const found = listenersOf(ours)?.find(listener => listener.port === port);
    expect([...(found?.bytes ?? [])]).toEqual(bytes);
    server.close();
    await once(server, 'close');
    expect(listenersOf(ours)?.find(listener => listener.port === port)).toBeUndefined();
  });

  test('those of others are not its own', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const child = start('/bin/sleep', 'sleep', ['60']);
    expect(listenersOf(asSeen(child))).toEqual([]);
    server.close();
  });

  test('of a process that is gone are not known', () => {
    expect(listenersOf({ pid: 0, argv: ['x'], directory: '/proc/0' })).toBeUndefined();
  });

  // As Linux 6.1 prints it.
  const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F44 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22731 1 0000000000000000 100 0 0 10 0
   1: 0A004D0A:8A1C 0B004D0A:192B 01 00000000:00000000 00:00000000 00000000     0        0 22790 1 0000000000000000 20 4 30 10 -1
`;

  test('a connection is no listener, nor is the heading', () => {
    expect(parseListening(TABLE).map(({ bytes, port, inode }) => [[...bytes], port, inode])).toEqual([
      [[127, 0, 0, 1], 8004, '22731'],
    ]);
  });
});
