// The processes that can be seen from here: those of this pid namespace, containers on a host included. Reading another
// user's executable or environment needs root; what cannot be read is told as not known.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';

export interface HostProcess {
  readonly pid: number;
  /** As it was started; never empty. */
  readonly argv: readonly string[];
  /** /proc/PID */
  readonly directory: string;
}

/** Without kernel threads, and without what ends while it is looked at. */
export function listProcesses(proc = '/proc'): HostProcess[] {
  return readdirSync(proc)
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      const directory = `${proc}/${name}`;
      // A process may write one text over its arguments (setproctitle); there is then no NUL but the last.
      const argv = readIfAllowed(`${directory}/cmdline`)?.split('\0').slice(0, -1) ?? [];
      return argv.length === 0 ? [] : [{ pid: Number(name), argv, directory }];
    });
}

/**
 * Root's, so that its arguments can be believed: anybody can call a process kubelet and name a file of their own. The owner
 * of /proc/PID says nothing, as it is root for each process that must not be dumped.
 */
export function isRoots({ directory }: HostProcess): boolean {
  const [, uids = ''] = /^Uid:\s+(.*)$/m.exec(readIfAllowed(`${directory}/status`) ?? '') ?? [];
  return /^0(\s+0)*$/.test(uids.trim());
}

/** Root's, and it sees the files that we see: a path of one in a container, where anybody may be root, means another file. */
export function isHostsRoots(process: HostProcess, self = '/proc/self'): boolean {
  const files = linkIfAllowed(`${process.directory}/ns/mnt`);
  return isRoots(process) && files !== undefined && files === linkIfAllowed(`${self}/ns/mnt`);
}

/** In the network namespace of `other`: one elsewhere has tables of its own. False when it cannot be told. */
export function sharesNetwork({ directory }: HostProcess, other = '/proc/self'): boolean {
  const network = linkIfAllowed(`${directory}/ns/net`);
  return network !== undefined && network === linkIfAllowed(`${other}/ns/net`);
}

function linkIfAllowed(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // it has ended, or is another user's
  }
}

/** "kubelet" for /usr/bin/kubelet, whatever the executable's file is called. */
export function programOf({ argv }: HostProcess): string {
  return basename(argv[0] ?? '');
}

/** The value of `--name value` or `--name=value`; the last one counts. */
export function flagOf({ argv }: HostProcess, name: string): string | undefined {
  const index = argv.findLastIndex(arg => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const found = argv[index];
  return found === `--${name}` ? argv[index + 1] : found?.slice(name.length + 3);
}

/** Both run the same file, also when its name is another one or gone. False when one of them cannot be read. */
export function sameExecutable(a: string, b: string): boolean {
  const [first, second] = [a, b].map(executable => statIfAllowed(executable));
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}

function statIfAllowed(path: string): { dev: bigint; ino: bigint } | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function readIfAllowed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
