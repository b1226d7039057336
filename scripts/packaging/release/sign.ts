// Signatures of SHA256SUMS, with the keys that the environment names. Keys and their pass phrases stay with the tools.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

interface Signer {
  /** Names the key, for the tool. */
  readonly variable: string;
  readonly tool: string;
  /** Of `file`, in its directory. */
  readonly args: (key: string, file: string, env: NodeJS.ProcessEnv) => string[];
}

const SIGNERS: readonly Signer[] = [
  {
    variable: 'RELEASE_GPG_KEY',
    tool: 'gpg',
    args: (key, file) => [
      ...['--batch', '--yes', '--local-user', key, '--armor'],
      ...['--output', `${file}.asc`, '--detach-sign', file],
    ],
  },
  {
    variable: 'RELEASE_COSIGN_KEY',
    tool: 'cosign',
    // Without a signing configuration of its own cosign asks Sigstore for its: which log and which time stamps to use.
    args: (key, file, { RELEASE_COSIGN_SIGNING_CONFIG: config }) => [
      ...['sign-blob', '--yes', '--key', key, ...(config ? ['--signing-config', config] : [])],
      ...['--bundle', `${file}.cosign`, file],
    ],
  },
];

/** Throws a sentence where a tool is missing: before the build, and not behind it. */
export function requireSigners(env: NodeJS.ProcessEnv): void {
  for (const { variable, tool } of signersOf(env)) {
    if (spawnSync(tool, ['--version'], { env, stdio: 'ignore' }).error !== undefined)
      throw new Error(`${variable} is set, and ${tool} is not installed: install it, or unset the variable`);
  }
}

export function sign(directory: string, name: string, env: NodeJS.ProcessEnv): void {
  for (const { variable, tool, args } of signersOf(env)) {
    const key = env[variable] ?? '';
    execFileSync(tool, args(key, join(directory, name), env), {
      env,
      stdio: ['inherit', 'ignore', 'inherit'],
    });
  }
}

function signersOf(env: NodeJS.ProcessEnv): Signer[] {
  return SIGNERS.filter(({ variable }) => env[variable]);
}
