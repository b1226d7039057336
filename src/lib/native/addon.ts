// Loads a native addon from memory. dlopen(3) wants a file and Node has no memfd_create, so the addon goes into
// a file without a name, is loaded through /proc/self/fd and vanishes with the process.
import { closeSync, constants, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, messageOf, ProxyError } from '../errors.ts';

// <bits/fcntl-linux.h>: __O_TMPFILE | O_DIRECTORY. O_DIRECTORY differs between x64 and arm64, hence from Node.
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

// overlayfs learned O_TMPFILE in Linux 6.1 (EOPNOTSUPP before); kernels before 3.11 take it for a directory (EISDIR).
const NO_TMPFILE = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EISDIR']);

/**
 * Where a file may be written and mapped executable, likeliest and cheapest first. In a container /dev/shm is
 * mounted noexec and the root is often read-only: there a mounted directory is needed, and the persist directory
 * of a DaemonSet is one. TMPDIR and RUNTIME_DIRECTORY (systemd) are the operator's word, so they go first.
 */
export function candidateDirectories(env: NodeJS.ProcessEnv, argv: readonly string[]): string[] {
  const named = [env.RUNTIME_DIRECTORY?.split(':')[0], env.TMPDIR];
  const persist = persistDirIn(argv) || env.BCS_APISERVER_PROXY_PERSIST_DIR || '/root/.bcs';
  const all = [...named, '/dev/shm', '/run', '/tmp', '/var/tmp', persist];
  return [...new Set(all.filter(directory => directory !== undefined && directory !== ''))] as string[];
}

/** Native code is loaded before anybody reads flags. */
function persistDirIn(argv: readonly string[]): string | undefined {
  const index = argv.findIndex(arg => /^--?persist-?dir(?:=|$)/i.test(arg));
  const [, value = argv[index + 1]] = argv[index]?.split(/=(.*)/s) ?? [];
  return index === -1 ? undefined : value;
}

/** The addon's exports. Tries each candidate directory; the failure names all of them with their reasons. */
export function loadAddon(
  bytes: Uint8Array,
  directories = candidateDirectories(process.env, process.argv),
): unknown {
  const reasons: string[] = [];
  for (const directory of directories) {
    try {
      // Before the first init there is no persist directory.
      if (directory === directories.at(-1)) mkdirSync(directory, { recursive: true, mode: 0o700 });
      return loadThrough(directory, bytes);
    } catch (error) {
      reasons.push(`${directory}: ${reasonOf(error)}`);
    }
  }
  throw new ProxyError(
    'addon-not-loadable',
    `no directory in which native code can be written and executed, tried ${reasons.join('; ')}`,
    {
      suggestions: [
        'mount a directory that is writable and not noexec on /run (in a pod: an emptyDir), or name one in TMPDIR',
      ],
    },
  );
}

function loadThrough(directory: string, bytes: Uint8Array): unknown {
  const fd = openNameless(directory);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    const module = { exports: {} };
    process.dlopen(module, `/proc/self/fd/${fd}`);
    return module.exports;
  } finally {
    // What dlopen mapped stays mapped.
    closeSync(fd);
  }
}

function openNameless(directory: string): number {
  try {
    return openSync(directory, O_TMPFILE | constants.O_RDWR, 0o700);
  } catch (error) {
    if (!NO_TMPFILE.has(errnoCode(error) ?? '')) throw error;
    return openAndUnlink(join(directory, `.bcs-apiserver-proxy.${process.pid}`));
  }
}

function openAndUnlink(path: string): number {
  const fd = openSync(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o700,
  );
  unlinkSync(path);
  return fd;
}

/** dlopen's text says "failed to map segment ... Operation not permitted" for a noexec mount. */
function reasonOf(error: unknown): string {
  if (errnoCode(error) === 'ERR_DLOPEN_FAILED' && messageOf(error).includes('map segment')) return 'noexec';
  return errnoCode(error) ?? messageOf(error);
}
