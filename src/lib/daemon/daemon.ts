// The daemon: discovery names candidates, probes say how they are, passes put the kernel right. Stopping it changes
// nothing in the kernel.
import { setTimeout as delay } from 'node:timers/promises';
import type { EndpointSource, Freshness } from '../discovery/source.ts';
import { ignoreAbort } from '../errors.ts';
import type { Thresholds } from '../health/scoreboard.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import { type Kernel, observe } from '../reconcile/kernel.ts';
import type { SocketClient } from '../sockets/client.ts';
import { fanOut, listener, type Telemetry } from '../telemetry.ts';
import { ConnectionBreaker } from './breaker.ts';
import { Candidates, type StartProbe } from './candidates.ts';
import { Reconciler } from './reconciler.ts';
import { PassRunner } from './runner.ts';

/** Credentials that cannot be used are a matter for a person; they are looked at again this often. */
const REOPEN_MS = 30_000;

export interface DaemonParts {
  readonly spec: ProxySpec;
  /** Undefined = nothing is persisted yet. */
  readonly persisted: ProxySpec | undefined;
  readonly kernel: Kernel;
  readonly sockets: SocketClient;
  /** `healthy` names the real servers that can be asked directly. */
  readonly openSource: (healthy: () => readonly HostPort[]) => Promise<EndpointSource>;
  readonly startProbe: StartProbe;
  readonly thresholds: Thresholds;
  readonly drainTimeoutMs: number;
  readonly telemetry: Telemetry;
  /** Keeps the last good set for the next boot. */
  readonly persist: (spec: ProxySpec) => void;
}

export class Daemon {
  readonly candidates: Candidates;
  readonly reconciler: Reconciler;
  readonly #parts: DaemonParts;
  readonly #runner: PassRunner;
  #source: EndpointSource | undefined;
  #persisted: string;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    const telemetry = fanOut([parts.telemetry, this.#leaveDeadServer()]);
    this.candidates = new Candidates(parts.thresholds, parts.startProbe, telemetry, () =>
      this.#runner.request(),
    );
    this.reconciler = new Reconciler({
      kernel: parts.kernel,
      spec: parts.spec,
      candidates: this.candidates,
      breaker: new ConnectionBreaker(parts.sockets, telemetry),
      telemetry,
      drainTimeoutMs: parts.drainTimeoutMs,
    });
    this.#runner = new PassRunner(() => this.#pass());
    this.#persisted = setOf(parts.persisted?.realServers ?? []);
  }

  /** How much discovery is worth at present; undefined until it has begun. */
  get freshness(): Freshness | undefined {
    return this.#source?.freshness;
  }

  /** Until aborted. The first pass is made before anything is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    this.#adoptKernel();
    this.candidates.begin(this.#parts.spec.realServers);
    this.#runner.start();
    try {
      await this.#discover(signal);
    } finally {
      this.#runner.stop();
      this.candidates.stop();
    }
  }

  /** Without usable credentials there is no discovery, but the masters that are known are looked after all the same. */
  async #discover(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#source = await this.#parts.openSource(() => this.candidates.ready());
        return await this.#source.run(realServers => this.candidates.setDiscovered(realServers), signal);
      } catch (error) {
        this.#parts.telemetry.problem('opening discovery', error);
        await delay(REOPEN_MS, undefined, { signal }).catch(ignoreAbort);
      }
    }
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
    this.reconciler.pass();
    this.#persistGoodSet();
  }

  /** A set is good when discovery named it and one of it serves: then a boot can start from it. */
  #persistGoodSet(): void {
    const realServers = this.candidates.discovered();
    const ready = this.candidates.ready();
    const set = setOf(realServers);
    if (set === this.#persisted || !realServers.some(one => ready.some(other => equalHostPort(one, other))))
      return;
    this.#persisted = set;
    try {
      this.#parts.persist({ ...this.#parts.spec, realServers });
    } catch (error) {
      this.#parts.telemetry.problem('persisting the real servers', error);
    }
  }

  /** Discovery must not hang on a server that is dead: a hung one keeps its connections open. */
  #leaveDeadServer(): Telemetry {
    return listener({
      changed: ({ realServer, to }) => {
        const hangsOn = this.#source?.freshness.server;
        if (to === 'dead' && hangsOn?.includes(formatHostPort(realServer))) this.#source?.reconnect();
      },
    });
  }
}

/** Equal text = the same real servers, in whatever order. */
function setOf(realServers: readonly HostPort[]): string {
  return realServers.map(formatHostPort).sort().join(' ');
}
