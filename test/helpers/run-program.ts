// Runs the real program from source as a process of its own, with nothing of the caller's environment but PATH.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Stripping types and compiling takes three quarters of a run; here Node keeps the result for the next one. */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/cli-tests', import.meta.url));

/** The program as one runs it by hand. */
export const PROGRAM: readonly string[] = [process.execPath, MAIN];

export interface RunOptions {
  /** Given to the program by environment, so that it holds for arguments that name no command, too. */
  readonly persistDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the program, for example setpriv or unshare with their arguments. */
  readonly under?: readonly string[];
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end, and fails the test when Node had to warn of something. */
export function runProgram(args: readonly string[], options: RunOptions = {}): Outcome {
  const [command = '', ...rest] = [...(options.under ?? []), ...PROGRAM, ...args];
  const env = {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    BCS_APISERVER_PROXY_PERSIST_DIR: options.persistDir ?? '/nonexistent/bcs',
    ...options.env,
  };
  const { status, stdout, stderr, error } = spawnSync(command, rest, {
    env,
    encoding: 'utf8',
    timeout: 15_000,
  });
  if (error !== undefined) throw error;
  expect(stderr).not.toMatch(/^\(node:\d+\)|Warning: .*Use `node --trace/m);
  return { exitCode: status, stdout, stderr };
}

/** The one JSON object on standard output. */
export function jsonOf({ stdout }: Outcome): Record<string, unknown> {
  const value: unknown = JSON.parse(stdout);
  expect(value).toBeTypeOf('object');
  return value as Record<string, unknown>;
}

/** Where the program would leave its marks on this machine: names only, what else is there is not ours to read. */
export function hostFiles(): Record<string, string[]> {
  const directories = [
    '/etc/kubernetes/manifests',
    '/etc/modules-load.d',
    '/etc/sysctl.d',
    '/etc/systemd/system',
    '/root/.bcs',
  ];
  return Object.fromEntries(directories.map(directory => [directory, namesIn(directory)]));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
