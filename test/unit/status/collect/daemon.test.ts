// Which processes are daemons, and what they say: real processes under the names that they go by on a node.
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type HostProcess, listProcesses } from '../../../../src/lib/host/processes.ts';
import { sortProcesses } from '../../../../src/lib/host/proxy-processes.ts';
import { ask } from '../../../../src/lib/status/collect/ask.ts';
import {
  askDaemon,
  listenAddress,
  parseSnapshot,
  podHere,
} from '../../../../src/lib/status/collect/daemon.ts';
import { asSeen, start, startScript } from '../../../helpers/processes.ts';
import { snapshot } from '../../../helpers/snapshot.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const ESBUILD = join(import.meta.dirname, '../../../../node_modules/@esbuild/linux-x64/bin/esbuild');
const NEVER = new AbortController().signal;

/** Answers every path with `body`, on a port of its own choice. */
const serve = (body: string): string => `
  const server = require('node:http').createServer((request, response) => {
    console.log(request.url);
    response.end(${JSON.stringify(body)});
  });
  server.listen(0, '127.0.0.1', () => console.log('listening'));`;
const WAIT = `console.log('waiting'); setInterval(() => {}, 1000);`;

const page = (fields: object = {}): string =>
  JSON.stringify({ schemaVersion: 1, version: '1.0.0', ...snapshot(), ...fields });

describe('among the processes of this host', () => {
  test('a daemon is found by name and command, as the original is started, too; other commands are none', async () => {
    const children = await Promise.all([
      startScript('/root/bcs-apiserver-proxy', ['daemon', '--vs', '10.99.0.1:6443'], WAIT),
      startScript('bcs-apiserver-proxy', ['sync', '--from', 'persisted'], WAIT),
      startScript('other', ['daemons'], WAIT),
    ]);
    const legacy = start('/bin/sh', 'bcs-apiserver-proxy', ['-f', '-c', 'echo; read x', 'FILE']);
    await once(legacy.stdout ?? legacy, 'data');
    const { daemons } = sortProcesses(listProcesses());
    const pids = daemons.map(({ pid }) => pid);
    expect([...children, legacy].map(({ pid }) => pids.includes(pid ?? 0))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  test('whatever it is called, it is ours when it runs our own file', async () => {
    const child = await startScript('renamed', ['daemon'], WAIT);
    const seen = [asSeen(child)];
    expect(sortProcesses(seen).daemons).toEqual(seen);
    expect(sortProcesses(seen, '/proc/1').daemons).toEqual([]);
  });

  test('a program of our name that is written in Go is the original', () => {
    const running = (exe: string, ...argv: string[]): HostProcess => {
      const directory = tempDir();
      symlinkSync(exe, join(directory, 'exe'));
      return { pid: 1, argv, directory };
    };
    const tool = running(ESBUILD, '/root/bcs-apiserver-proxy-tools', '-cmd', 'init');
    const original = running(ESBUILD, './bcs-apiserver-proxy', '-f', 'bcs-apiserver-proxy.json');
    const other = running(ESBUILD, 'apiserver-proxy-agent', '-f', 'x');
    const short = running(ESBUILD, '/root/apiserver-proxy-tools', '-cmd', 'reload');
    const ours = running(process.execPath, './bcs-apiserver-proxy', '-f', 'bcs-apiserver-proxy.json');
    expect(sortProcesses([tool, original, other, short, ours])).toEqual({
      original: [tool, original, short],
      daemons: [ours],
    });
  });
});

describe('what it says', () => {
  test('is asked where it listens', async () => {
    const child = await startScript('bcs-apiserver-proxy', ['daemon'], serve(page({ passes: 7 })));
    expect(await askDaemon(listenAddress([asSeen(child)]), NEVER)).toMatchObject({
      seen: true,
      value: { passes: 7 },
    });
  });

  test.each([
    ['another page', '<html>'],
    ['another document', '{"virtualServer":"10.99.0.1:6443"}'],
    ['null', 'null'],
    ['real servers that are none', page({ realServers: [{ address: 'm1' }] })],
    ['a later version, whose fields may mean something else', page({ schemaVersion: 2 })],
  ])('%s is not taken for it', async (_, body) => {
    const child = await startScript('bcs-apiserver-proxy', ['daemon'], serve(body));
    expect(await askDaemon(listenAddress([asSeen(child)]), NEVER)).toEqual({ seen: false, why: 'foreign' });
  });

  test('a process that listens nowhere cannot be asked', async () => {
    const child = await startScript('bcs-apiserver-proxy', ['daemon'], WAIT);
    expect(await askDaemon(listenAddress([asSeen(child)]), NEVER)).toEqual({
      seen: false,
      why: 'not-listening',
    });
  });

  test('one that is stopped accepts connections and does not answer', async () => {
    const child = await startScript('bcs-apiserver-proxy', ['daemon'], serve(page()));
    child.kill('SIGSTOP');
    const answer = askDaemon(listenAddress([asSeen(child)]), AbortSignal.timeout(300));
    expect(await answer).toEqual({ seen: false, why: 'no-answer' });
  });

  test('a snapshot is taken as it is', () => {
    expect(parseSnapshot(page())).toMatchObject(JSON.parse(JSON.stringify(snapshot())));
  });

  test.each([
    { discovery: null },
    { discovery: { kind: 'endpoints', ageMs: 'long' } },
    { realServers: null },
    { realServers: [null] },
    { realServers: [{ address: '10.0.0.11:6443', state: 'constructor', sinceMs: 1, reason: '' }] },
    { realServers: [{ address: 'nowhere', state: 'ready', sinceMs: 1, reason: '' }] },
    {
      realServers: [
        { address: '10.0.0.11:6443', state: 'ready', sinceMs: 1, reason: '', lastProbe: { reason: {} } },
      ],
    },
    { passes: null },
    { lock: null },
    { persist: { problem: {} } },
  ])('%j is no answer of ours', fields => {
    expect(parseSnapshot(page(fields))).toBeUndefined();
  });
});

test.each([
  [['kube-system_bcs-apiserver-proxy-x7k2p_6e1c'], 'kube-system/bcs-apiserver-proxy-x7k2p'],
  [['kube-system_kube-proxy-abcde_1', 'proxies_bcs-apiserver-proxy_2'], 'proxies/bcs-apiserver-proxy'],
  [['kube-system_bcs-apiserver-proxyx_1', 'bcs-apiserver-proxy', 'x_not-bcs-apiserver-proxy_1'], undefined],
])('of pods with logs in %j it is %s', (names, pod) => {
  const directory = tempDir();
  for (const name of names) mkdirSync(join(directory, name));
  expect(podHere(directory)).toBe(pod);
  expect(podHere(join(directory, 'none'))).toBeUndefined();
});

describe('asking a program of this host', () => {
  async function serving(body: (write: (text: string) => void, end: () => void) => void): Promise<number> {
    const server = createServer((_request, response) =>
      body(
        text => response.write(text),
        () => response.destroy(),
      ),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.unref();
    return (server.address() as AddressInfo).port;
  }
  const at = (port: number) => ({ address: '127.0.0.1', port });

  test('an answer without an end is none', async () => {
    const port = await serving((write, end) => {
      write('half');
      setImmediate(end);
    });
    expect(await ask(at(port), '/', NEVER)).toEqual({ kind: 'silent' });
  });

  test('one that goes on for ever is broken off', async () => {
    const port = await serving(write => {
      for (let megabyte = 0; megabyte < 6; megabyte += 1) write('x'.repeat(1024 * 1024));
    });
    expect(await ask(at(port), '/', NEVER)).toEqual({ kind: 'silent' });
  });

  test('one that stops in the middle ends with the deadline', async () => {
    const deadline = new AbortController();
    const port = await serving(write => {
      write('half');
      setImmediate(() => deadline.abort());
    });
    expect(await ask(at(port), '/', deadline.signal)).toEqual({ kind: 'silent' });
  });

  test('nobody there', async () => {
    expect(await ask(at(1), '/', NEVER)).toEqual({ kind: 'refused' });
  });
});
