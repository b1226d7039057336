// Real processes under the names of other programs, for what looks at /proc.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type HostProcess, listProcesses } from '../../src/lib/host/processes.ts';
import { tempDir } from './temp-dir.ts';

/** Killed when the test that started it is over. */
export function start(file: string, argv0: string, args: readonly string[], cwd?: string): ChildProcess {
  const child = spawn(file, args, { argv0, cwd, stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs a script under a name and with arguments; its file is the first of them. Resolves when it writes a line. */
export async function startScript(
  argv0: string,
  [file = '', ...args]: readonly string[],
  script: string,
): Promise<ChildProcess & { line: string }> {
  const directory = tempDir();
  writeFileSync(join(directory, file), script);
  const child = start(process.execPath, argv0, [file, ...args], directory);
  const [chunk] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  return Object.assign(child, { line: chunk.toString().trim() });
}

/** As /proc has it. */
export function asSeen({ pid }: ChildProcess): HostProcess {
  const found = listProcesses().find(process => process.pid === pid);
  if (found === undefined) throw new Error(`process ${pid} is not in /proc`);
  return found;
}
