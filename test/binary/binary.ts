// Runs the packed binary that scripts/build has made for this machine.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const BINARY = fileURLToPath(
  new URL(`../../dist/bcs-apiserver-proxy-linux-${process.arch}`, import.meta.url),
);

if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: run scripts/build first`);

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface Surroundings {
  binary?: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs to the end, with only the given environment. */
export function runBinary(args: string[], { binary = BINARY, cwd, env = {} }: Surroundings = {}): Outcome {
  const { status, stdout, stderr, error } = spawnSync(binary, args, { cwd, env, encoding: 'utf8' });
  if (error) throw error;
  return { status, stdout, stderr };
}
