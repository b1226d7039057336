// One daemon at a time for a virtual server: the second waits and knows for whom, and the kernel lets go with the first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DaemonLock } from '../../../src/lib/store/daemon-lock.ts';

const VS = { address: '10.99.0.1', port: 6443 };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const untilAborted = new AbortController().signal;

test('the second waits, knows who has it, and gets it when the first lets go', async () => {
  const first = new DaemonLock(directory, VS);
  const second = new DaemonLock(directory, VS);
  expect(await first.take(untilAborted, () => {})).toBe(true);
  const taken = second.take(untilAborted, () => first.release());
  expect(second.view).toEqual({ held: false, holder: `process ${process.pid}` });
  expect(await taken).toBe(true);
  expect(second.view).toEqual({ held: true, holder: undefined });
  second.release();
});

test('nobody else can open its file, and so not hold the lock in its place', async () => {
  const before = process.umask(0);
  const lock = new DaemonLock(directory, VS);
  expect(await lock.take(untilAborted, () => {})).toBe(true);
  process.umask(before);
  const [file = ''] = readdirSync(directory);
  expect((statSync(join(directory, file)).mode & 0o777).toString(8)).toBe('600');
  lock.release();
});

test('a holder that is killed leaves nothing behind', async () => {
  const module = join(import.meta.dirname, '../../../src/lib/store/daemon-lock.ts');
  const code = `const { DaemonLock } = await import(${JSON.stringify(module)});
    await new DaemonLock(${JSON.stringify(directory)}, ${JSON.stringify(VS)}).take(new AbortController().signal, () => {});
    console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code]);
  await once(holder.stdout, 'data');
  const lock = new DaemonLock(directory, VS);
  const taken = lock.take(untilAborted, holderName => {
    expect(holderName).toBe(`process ${holder.pid}`);
    holder.kill('SIGKILL');
  });
  expect(await taken).toBe(true);
  lock.release();
});

test('another virtual server is another lock, and an aborted wait ends', async () => {
  const first = new DaemonLock(directory, VS);
  const other = new DaemonLock(directory, { ...VS, port: 6444 });
  const stop = new AbortController();
  await first.take(untilAborted, () => {});
  expect(await other.take(untilAborted, () => {})).toBe(true);
  expect(await new DaemonLock(directory, VS).take(stop.signal, () => stop.abort())).toBe(false);
  first.release();
  other.release();
});

test('what stands in its place is not followed', async () => {
  const lock = new DaemonLock(directory, VS);
  await lock.take(untilAborted, () => {});
  lock.release();
  const [name = ''] = readdirSync(directory);
  renameSync(join(directory, name), join(directory, 'elsewhere'));
  symlinkSync('elsewhere', join(directory, name));
  await expect(lock.take(untilAborted, () => {})).rejects.toThrow(/ELOOP/);
});
