// A host to break: network, mounts and /etc of its own (namespaces), no module loaded, no systemd, and a modprobe of the
// test's.
// What the program writes to /etc lands in a directory of the test; this machine sees nothing of it.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { type Outcome, runProgram } from './run-program.ts';
import { contentsOf, tempDir } from './temp-dir.ts';

const UNSHARE = ['unshare', '--net', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];

const PASSWD = 'root:x:0:0::/:/bin/sh\n';

/** Namespaces are there and may be used; they are not in some containers. */
export const canSeal = (() => {
  try {
    execFileSync(UNSHARE[0] ?? '', [...UNSHARE.slice(1), 'mount', '-t', 'tmpfs', 'none', '/sys/module'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
})();

export interface SealedHost {
  readonly persistDir: string;
  /** What is /etc for the program. */
  readonly etcDir: string;
  run(...args: string[]): Outcome;
  /** Files that the program left below /etc, with their contents. */
  etc(): Record<string, string>;
}

export interface SealedHostOptions {
  /** /etc is a read-only file system, with this in it. */
  readonly readOnlyEtc?: Readonly<Record<string, string>>;
}

/** `modprobe` is the body of a shell script; without one there is no modprobe on the host. */
export function sealedHost(modprobe?: string, { readOnlyEtc }: SealedHostOptions = {}): SealedHost {
  const root = tempDir();
  const [bin, etc, persistDir] = ['bin', 'etc', 'persist'].map(name => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [bin, etc, persistDir]) mkdirSync(directory);
  // oclif asks for the user's home and shell.
  writeFileSync(join(etc, 'passwd'), PASSWD);
  if (modprobe !== undefined) {
    writeFileSync(join(bin, 'modprobe'), `#!/bin/sh\n${modprobe}\n`);
    chmodSync(join(bin, 'modprobe'), 0o755);
  }
  for (const [path, contents] of Object.entries(readOnlyEtc ?? {})) {
    mkdirSync(dirname(join(etc, path)), { recursive: true });
    writeFileSync(join(etc, path), contents);
  }
  const seal = [
    'mount -t tmpfs none /sys/module',
    'mount -t tmpfs none /run',
    `mount --bind ${etc} /etc`,
    ...(readOnlyEtc === undefined ? [] : ['mount -o remount,ro,bind /etc']),
    `PATH=${bin} exec "$@"`,
  ].join(' && ');
  const under = [...UNSHARE, 'sh', '-c', seal, 'sh'];
  return {
    persistDir,
    etcDir: etc,
    run: (...args) => runProgram(args, { persistDir, under }),
    etc() {
      const { passwd, ...files } = contentsOf(etc);
      expect(passwd).toBe(PASSWD);
      return Object.fromEntries(Object.entries(files).filter(([, contents]) => contents !== 'not a file'));
    },
  };
}
