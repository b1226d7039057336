// Programs on this machine that run as on a host of the cluster: in its network namespace, with its own /etc/kubernetes, and
// not longer than this process.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { namespaceOf } from './lan.ts';

const KUBERNETES = '/etc/kubernetes';

export class HostDirectory {
  /** Of its network namespace, too. */
  readonly name: string;
  /** What the host has as /etc/kubernetes. */
  readonly kubernetes: string;
  readonly #directory: string;

  constructor(name: string, directory: string) {
    this.name = name;
    this.#directory = directory;
    this.kubernetes = join(directory, 'kubernetes');
    mkdirSync(this.kubernetes, { recursive: true });
    if (!existsSync(KUBERNETES)) mkdirSync(KUBERNETES);
  }

  /** Returns its stdout. */
  run(argv: readonly string[], input = ''): string {
    const [file, ...args] = this.#inside(argv);
    return execFileSync(file as string, args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Its output is in a file named after the program. */
  start(program: string, argv: readonly string[]): Running {
    const log = join(this.#directory, `${program}.log`);
    const output = openSync(log, 'a');
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...this.#inside(argv)], {
      stdio: ['ignore', output, output],
    });
    return new Running(child, log);
  }

  #inside(argv: readonly string[]): string[] {
    const mount = `mount --bind "$0" ${KUBERNETES} && exec "$@"`;
    const namespace = namespaceOf(this.name);
    return ['ip', 'netns', 'exec', namespace, 'unshare', '-m', 'sh', '-c', mount, this.kubernetes, ...argv];
  }
}

export class Running {
  readonly ended: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.#log = log;
    this.ended = once(child, 'exit');
  }

  /** Of the program itself: everything before it replaces itself by what follows. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('it was not started');
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The last lines of its output. */
  get lastWords(): string {
    return readFileSync(this.#log, 'utf8').split('\n').slice(-20).join('\n');
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
