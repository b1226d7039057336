// The daemon: discovery names candidates, probes say how they are, passes put the kernel right. Stopping it changes
// nothing in the kernel.
import type { Clock } from '../clock.ts';
import type { EndpointSource, Freshness } from '../discovery/source.ts';
import type { Thresholds } from '../health/scoreboard.ts';
import { isListening } from '../host/listeners.ts';
import { equalHostPort, type HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import { type Kernel, observe } from '../reconcile/kernel.ts';
import type { SocketClient, SocketId } from '../sockets/client.ts';
import { fanOut, type Telemetry } from '../telemetry.ts';
import { ConnectionBreaker } from './breaker.ts';
import type { StartProbe } from './candidate.ts';
import { Candidates } from './candidates.ts';
import { DiscoveryPrompt } from './discovery-prompt.ts';
import { Gate } from './gate.ts';
import { Keeper, type Kept } from './keeper.ts';
import { Memory, type MemoryFile } from './memory.ts';
import { Reconciler } from './reconciler.ts';
import { PassRunner } from './runner.ts';
import { Supervisor, type Task } from './supervisor.ts';
import { Traffic } from './traffic.ts';

/** A pass is made each second; so many seconds without one is not a busy machine any more. */
const PASSES_SILENT_MS = 10_000;

export interface DaemonParts {
  readonly spec: ProxySpec;
  readonly kernel: Kernel;
  readonly sockets: SocketClient;
  /** `healthy` names the real servers that can be asked directly. */
  readonly openSource: (healthy: () => readonly HostPort[]) => Promise<EndpointSource>;
  readonly startProbe: StartProbe;
  readonly clock: Clock;
  readonly probe: Thresholds & { readonly intervalMs: number; readonly hangTimeMs: number };
  readonly drainTimeoutMs: number;
  readonly rememberMs: number;
  readonly telemetry: Telemetry;
  readonly rememberSysctls: (before: Readonly<Record<string, string>>) => void;
  /** The specification for the next boot, with the last good set. */
  readonly persisted: Kept<ProxySpec>;
  /** Undefined = masters that left are not remembered. */
  readonly memory: MemoryFile | undefined;
  /** Asked before each pass: false = it is no longer ours to make. */
  readonly mayPass?: (daemon: Daemon) => boolean;
}

export class Daemon {
  readonly candidates: Candidates;
  readonly reconciler: Reconciler;
  readonly #parts: DaemonParts;
  readonly #runner: PassRunner;
  readonly #supervisor: Supervisor;
  readonly #keeper: Keeper<ProxySpec>;
  readonly #memory: Memory | undefined;
  readonly #traffic: Traffic;
  readonly #gate: Gate;
  readonly #prompt: DiscoveryPrompt;
  #source: EndpointSource | undefined;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    const { clock, startProbe } = parts;
    this.#prompt = new DiscoveryPrompt(clock, () => this.#source);
    const telemetry = fanOut([parts.telemetry, this.#prompt.telemetry]);
    this.candidates = new Candidates({
      ...{ clock, startProbe, telemetry },
      thresholds: parts.probe,
      intervalMs: parts.probe.intervalMs,
      drainTimeoutMs: parts.drainTimeoutMs,
      rememberMs: parts.rememberMs,
      onChange: () => this.#runner.request(),
    });
    const { sockets, kernel } = parts;
    const { candidates } = this;
    const { pins } = kernel;
    this.#gate = new Gate({
      ...{ clock, telemetry },
      around: () => ({
        virtualServer: parts.spec.virtualServer,
        known: [...parts.spec.realServers, ...candidates.discovered()],
        isHostAddress: address => kernel.routes.isHostAddress(address),
        isListening,
      }),
      admitted: masters => candidates.setDiscovered(masters),
    });
    this.#traffic = new Traffic({ sockets, pins, candidates, virtualServer: parts.spec.virtualServer });
    const remembered = (socket: SocketId) => this.#traffic.realServerOf(socket);
    this.reconciler = new Reconciler({
      kernel,
      spec: parts.spec,
      candidates,
      breaker: new ConnectionBreaker({ sockets, pins, remembered }, telemetry),
      telemetry,
      clock,
      hangTimeMs: parts.probe.hangTimeMs,
      drainTimeoutMs: parts.drainTimeoutMs,
      rememberSysctls: parts.rememberSysctls,
      passIn: milliseconds => this.#runner.requestIn(milliseconds),
    });
    this.#runner = new PassRunner(() => this.#pass());
    this.#supervisor = new Supervisor(telemetry);
    this.#keeper = new Keeper(parts.persisted, telemetry);
    this.#memory = parts.memory && new Memory(parts.memory, candidates, telemetry);
  }

  /** How much discovery is worth at present; undefined until it has begun. */
  get freshness(): Freshness | undefined {
    return this.#source?.freshness;
  }

  /** Loops that have not come round for too long, one sentence each. */
  get stuck(): string[] {
    return this.#supervisor.stuck();
  }

  /** Why the next boot would start from something older than what is kept now. */
  get persistProblem(): string | undefined {
    return this.#keeper.problem ?? this.#memory?.problem;
  }

  /** Until aborted. The first pass is made before anything is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    this.#adoptKernel();
    this.candidates.begin(this.#parts.spec.realServers);
    this.#memory?.begin();
    try {
      const tasks = [this.#passes(), this.#discovery(), this.#traffic.task()];
      await Promise.all(tasks.map(task => this.#supervisor.run(task, signal)));
    } finally {
      this.candidates.stop();
      this.#prompt.stop();
    }
  }

  #passes(): Task {
    return {
      name: 'passes',
      silentMs: PASSES_SILENT_MS,
      run: (signal, alive) => this.#runner.run(signal, alive),
    };
  }

  /** Without usable credentials there is no discovery, but the masters that are known are looked after all the same. */
  #discovery(): Task {
    return {
      name: 'discovery',
      run: async signal => {
        this.#source = await this.#parts.openSource(() => this.candidates.ready());
        await this.#source.run(realServers => this.#gate.named(realServers), signal);
      },
    };
  }

  /** What the kernel serves already is looked after, too, until the real servers that were named take over. */
  #adoptKernel(): void {
    const { kernel, spec, telemetry } = this.#parts;
    try {
      this.candidates.adopt(observe(kernel, spec.virtualServer, []).realServers);
    } catch (error) {
      telemetry.problem('looking at the kernel', error);
    }
  }

  #pass(): void {
    if (this.#parts.mayPass?.(this) === false) return;
    this.#gate.askAgain();
    this.#memory?.follow();
    this.reconciler.pass();
    const ready = this.candidates.ready();
    // A set is good when discovery named it and one of it serves: then a boot can start from it.
    if (this.candidates.discovered().some(one => ready.some(other => equalHostPort(one, other))))
      this.#keeper.keep({ ...this.#parts.spec, realServers: this.candidates.bootable() });
  }
}
