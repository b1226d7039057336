// One host of a scenario: a network namespace with addresses, in which programs run and IPVS has tables of its own.
import { ipv4, ipv6 } from './addresses.ts';
import { SLOWNESS } from './bounded.ts';
import type { LabProcess, Machine, RunOptions, RunResult } from './machine.ts';
import type { Outcome } from './outcome.ts';
import { netns, type Seat } from './topology.ts';

type Options = Omit<RunOptions, 'netns'> & { input?: string; timeoutMs?: number };

export interface ClientOptions {
  vip?: string;
  port?: number;
  count?: number;
  intervalMs?: number;
  timeoutMs?: number;
}

/** A client that runs until stopped. */
export interface RunningClient {
  process: LabProcess;
  outcomes(): Outcome[];
  /** The first outcome, seen already or to come, that is accepted. */
  waitFor(accept: (outcome: Outcome) => boolean, timeoutMs?: number): Promise<Outcome>;
  stop(): Promise<Outcome[]>;
}

export class LabHost {
  readonly name: string;
  readonly netns: string;
  readonly ipv4: string;
  readonly ipv6: string;
  protected readonly machine: Machine;

  constructor(machine: Machine, { name, host }: Seat) {
    this.machine = machine;
    this.name = name;
    this.netns = netns(name);
    this.ipv4 = ipv4(host);
    this.ipv6 = ipv6(host);
  }

  run(argv: string[], options: Options = {}): Promise<RunResult> {
    return this.machine.run(argv, { ...options, netns: this.netns });
  }

  must(argv: string[], options: Options = {}): Promise<string> {
    return this.machine.must(argv, { ...options, netns: this.netns });
  }

  spawn(argv: string[], options: Omit<RunOptions, 'netns'> = {}): Promise<LabProcess> {
    return this.machine.spawn(argv, { ...options, netns: this.netns });
  }

  /** Runs the packed binary to its end. */
  proxy(args: string[], options: Options = {}): Promise<RunResult> {
    return this.run([this.machine.binary, ...args], options);
  }

  /** Starts the packed binary, for the daemon. */
  startProxy(args: string[], options: Omit<RunOptions, 'netns'> = {}): Promise<LabProcess> {
    return this.spawn([this.machine.binary, ...args], options);
  }

  /** So many requests one after the other, each on a fresh TLS connection. */
  async requests(options: ClientOptions = {}): Promise<Outcome[]> {
    // Generous: on a busy machine the first handshake of a fresh process has taken more than a second.
    const { count = 30, timeoutMs = 10_000 * SLOWNESS } = options;
    const argv = this.#client('requests', { ...options, count, timeoutMs });
    return parse(await this.must(argv, { timeoutMs: 20_000 + count * timeoutMs }));
  }

  /**
   * `fresh`: a new connection each interval. `busy`: one kept-alive connection. `idle`: one silent stream. `slow`: one
   * request that takes 10 s.
   */
  async client(
    mode: 'fresh' | 'busy' | 'idle' | 'slow',
    options: ClientOptions = {},
  ): Promise<RunningClient> {
    const process = await this.spawn(this.#client(mode, options));
    const waitFor: RunningClient['waitFor'] = async (accept, timeoutMs) =>
      JSON.parse(await process.waitForLine(line => accept(JSON.parse(line)), timeoutMs));
    await waitFor(() => true).catch(async (error: unknown) => {
      // Seen once: what the kernel knows of a mute client says whether it, its connection or a master hangs.
      const look = `head -3 /proc/${process.pid}/{status,wchan,syscall}; ss --tcp --all --numeric --processes`;
      const { stdout, stderr } = await this.run(['bash', '-c', look]);
      throw new Error(`a client says nothing:\n${stdout}${stderr}`, { cause: error });
    });
    return {
      process,
      waitFor,
      outcomes: () => parse(process.stdout),
      stop: async () => {
        process.kill('SIGTERM');
        return parse((await process.exited).stdout);
      },
    };
  }

  /** The kernel's virtual servers in ipvsadm's own words: `rules` restore them, `table` shows connections too. */
  rules(): Promise<string> {
    return this.must(['ipvsadm', '-Sn']);
  }

  table(): Promise<string> {
    return this.must(['ipvsadm', '-Ln']);
  }

  /** Routes of the table `local`, of one family. */
  localRoutes(family: 4 | 6 = 4): Promise<string> {
    return this.must(['ip', `-${family}`, 'route', 'show', 'table', 'local']);
  }

  #client(mode: string, options: ClientOptions): string[] {
    const {
      vip: host = '10.99.0.1',
      port = 6443,
      count = 0,
      intervalMs = 250,
      timeoutMs = 1_000 * SLOWNESS,
    } = options;
    const directory = this.machine.labDirectory;
    const config = { host, port, count, intervalMs, timeoutMs, ca: `${directory}/pki/ca.crt` };
    return [this.machine.node, `${directory}/client.mjs`, mode, JSON.stringify(config)];
  }
}

function parse(stdout: string): Outcome[] {
  return stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Outcome);
}
