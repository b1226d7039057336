// Which of the processes that can be seen are daemons of this program, and which are the program that it replaces.
import { isGoProgram } from './go-program.ts';
import { type HostProcess, programOf, sameExecutable } from './processes.ts';

/** Both programs go by it: ours as bcs-apiserver-proxy, theirs with -tools behind it, too; nodes have it as the latter. */
const NAME = /^bcs-apiserver-proxy|^apiserver-proxy-tools$/;

export interface OurProcesses {
  readonly daemons: readonly HostProcess[];
  readonly original: readonly HostProcess[];
}

/** A process of our name that is written in Go is the original: ours is not. `self` is our own /proc/PID. */
export function sortProcesses(processes: readonly HostProcess[], self = '/proc/self'): OurProcesses {
  const named = processes.filter(process => NAME.test(programOf(process)) || runsOurFile(process, self));
  const original = named.filter(({ directory }) => isGoProgram(`${directory}/exe`));
  return { original, daemons: named.filter(process => !original.includes(process) && isDaemon(process)) };
}

/** Only for what looks like a daemon otherwise: looking at a process' file needs root. */
function runsOurFile(candidate: HostProcess, self: string): boolean {
  return isDaemon(candidate) && sameExecutable(`${candidate.directory}/exe`, `${self}/exe`);
}

/** `daemon ...`, or as the original is started: with `-f FILE` somewhere and no command. */
function isDaemon({ argv: [, ...args] }: HostProcess): boolean {
  const legacy = args[0]?.startsWith('-') && args.some(arg => arg === '-f' || arg.startsWith('-f='));
  return args[0] === 'daemon' || legacy === true;
}
