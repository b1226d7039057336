// A log that nobody reads, that has no room, or whose reader has gone: the daemon lives on, and ends when it is told to.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { tempDir } from '../../helpers/temp-dir.ts';

const MODULE = join(import.meta.dirname, '../../../src/lib/daemon/output.ts');

/** Writes so many lines to standard output, says so on standard error, and ends in the way that the daemon does. */
function writer(lines: number, stdout: 'pipe' | number): ChildProcess {
  const code = `const { LogOutput } = await import(${JSON.stringify(MODULE)});
    const output = new LogOutput();
    for (let line = 0; line < ${lines}; line += 1) {
      output.write('x'.repeat(1000) + '\\n');
      if (line % 100 === 0) await new Promise(resolve => setImmediate(resolve));
    }
    process.stderr.write('written');
    await output.end();`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', stdout, 'pipe'] });
}

test('a reader that does not read keeps it neither from its work nor from its end', async () => {
  const child = writer(10_000, 'pipe');
  child.stdout?.pause();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a reader that has gone is no reason to end', async () => {
  const child = writer(1000, 'pipe');
  child.stdout?.destroy();
  const [said] = await once(child.stderr as NodeJS.ReadableStream, 'data');
  expect([String(said), (await once(child, 'exit'))[0]]).toEqual(['written', 0]);
});

test('a disk without room is no reason to end', async () => {
  const full = openSync('/dev/full', 'w');
  const child = writer(1000, full);
  closeSync(full);
  const [said] = await once(child.stderr as NodeJS.ReadableStream, 'data');
  expect([String(said), (await once(child, 'exit'))[0]]).toEqual(['written', 0]);
});

test('a terminal that nobody reads does not hold it up', async () => {
  const directory = tempDir();
  const at = (name: string): string => join(directory, name);
  const code = `const { existsSync, writeFileSync } = await import('node:fs');
    const { LogOutput } = await import(${JSON.stringify(MODULE)});
    const output = new LogOutput();
    writeFileSync('${at('ready')}', '');
    while (!existsSync('${at('go')}')) await new Promise(resolve => setTimeout(resolve, 20));
    for (let line = 0; line < 1000; line += 1) output.write('x'.repeat(1000) + '\\n');
    writeFileSync('${at('written')}', '');`;
  writeFileSync(at('writer.mjs'), code);
  // script(1) has the other end of the terminal; while it is stopped, nobody reads.
  const reader = spawn('script', ['-qefc', `${process.execPath} ${at('writer.mjs')}`, '/dev/null'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(() => void reader.kill('SIGKILL'));
  await vi.waitUntil(() => existsSync(at('ready')), { timeout: 20_000 });
  reader.kill('SIGSTOP');
  writeFileSync(at('go'), '');
  await vi.waitUntil(() => existsSync(at('written')), { timeout: 20_000 });
  reader.kill('SIGCONT');
  expect(await once(reader, 'exit')).toEqual([0, null]);
});
