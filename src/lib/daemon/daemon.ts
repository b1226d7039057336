// The daemon: discovery names candidates, probes say how they are, passes put the kernel right. Stopping it changes
// nothing in the kernel.
import type { EndpointSource } from '../endpoints/source.ts';
import type { Thresholds } from '../health/scoreboard.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import { type Kernel, observe } from '../reconcile/kernel.ts';
import type { SocketClient } from '../sockets/client.ts';
import { ConnectionBreaker } from './breaker.ts';
import { Candidates, type StartProbe } from './candidates.ts';
import { Reconciler } from './reconciler.ts';
import { PassRunner } from './runner.ts';
import { fanOut, listener, type Telemetry } from './telemetry.ts';

export interface DaemonParts {
  readonly spec: ProxySpec;
  readonly kernel: Kernel;
  readonly sockets: SocketClient;
  /** Made with a callback that names the real servers which can be asked directly. */
  readonly openSource: (healthy: () => readonly HostPort[]) => EndpointSource;
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
  readonly source: EndpointSource;
  readonly #parts: DaemonParts;
  readonly #runner: PassRunner;
  #persisted: string;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    const telemetry = fanOut([parts.telemetry, this.#leaveDeadServer()]);
    this.candidates = new Candidates(parts.thresholds, parts.startProbe, telemetry, () =>
      this.#runner.request(),
    );
    this.source = parts.openSource(() => this.candidates.ready());
    this.reconciler = new Reconciler({
      kernel: parts.kernel,
      spec: parts.spec,
      candidates: this.candidates,
      breaker: new ConnectionBreaker(parts.sockets, telemetry),
      telemetry,
      drainTimeoutMs: parts.drainTimeoutMs,
    });
    this.#runner = new PassRunner(() => this.#pass());
    this.#persisted = setOf(parts.spec.realServers);
  }

  /** Until aborted. The first pass is made before anything is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    this.#adoptKernel();
    this.candidates.begin(this.#parts.spec.realServers);
    this.#runner.start();
    try {
      await this.source.run(realServers => this.candidates.setDiscovered(realServers), signal);
    } finally {
      this.#runner.stop();
      this.candidates.stop();
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
        if (to === 'dead' && this.source.freshness.server?.includes(formatHostPort(realServer)))
          this.source.reconnect();
      },
    });
  }
}

/** Equal text = the same real servers, in whatever order. */
function setOf(realServers: readonly HostPort[]): string {
  return realServers.map(formatHostPort).sort().join(' ');
}
