// A node and its masters in a time of their own: the daemon as it is, on a kernel in memory, and masters that die, come back
// and are named by their leases. To be used under fake timers.
import { Daemon } from '../../src/lib/daemon/daemon.ts';
import type { EndpointSource } from '../../src/lib/discovery/source.ts';
import { judgeFailure } from '../../src/lib/health/evidence.ts';
import type { HostPort } from '../../src/lib/model/address.ts';
import type { ProxySpec } from '../../src/lib/model/spec.ts';
import type { ProbeChannel } from '../../src/lib/probe/channel.ts';
import { FAREWELL } from '../../src/lib/probe/farewell.ts';
import { Prober } from '../../src/lib/probe/prober.ts';
import type { RememberedMaster } from '../../src/lib/store/memory.ts';
import { listener } from '../../src/lib/telemetry.ts';
import { Leases, RENEW_MS } from '../lab/guest/apiserver/leases.ts';
import { memoryKernel } from './memory-kernel.ts';
import { VIRTUAL_SERVER } from './plan-builders.ts';

/** A process is killed, its host loses power, or it ends as it is told to. */
export type Death = 'crash' | 'power loss' | 'orderly end';

const ANSWER_MS = 2;
/** TCP_USER_TIMEOUT, and when the next keep-alive is due (docs/kernel-facts.md, K40). */
const SENTINEL_MS = 2500;
/** What the probe's idle connection shows. */
const LOST: Record<Death, { readonly code: string; readonly inMs: number }> = {
  crash: { code: 'FIN', inMs: 0 },
  'power loss': { code: 'ETIMEDOUT', inMs: SENTINEL_MS },
  'orderly end': { code: FAREWELL, inMs: 0 },
};
/** From the API to the daemon: an event and the debounce; behind an outage, and where it may not watch, the longest back-off. */
const DISCOVERY_MS = 1000;
const DISCOVERY_BACKOFF_MS = 30_000;
/** Told to ask anew: within a second, and the debounce. */
const DISCOVERY_ANEW_MS = 2000;

class SimulatedMaster {
  readonly realServer: HostPort;
  /** Undefined while it lives. */
  death: Death | undefined;
  readonly #channels = new Set<{ lose: (code: string) => void }>();

  constructor(number: number) {
    this.realServer = { address: `10.0.0.1${number}`, port: 6443 };
  }

  die(death: Death): void {
    this.death = death;
    const { code, inMs } = LOST[death];
    for (const channel of this.#channels) setTimeout(() => channel.lose(code), inMs);
    this.#channels.clear();
  }

  open(onLost: (code: string) => void): ProbeChannel {
    let closed = false;
    const channel = { lose: (code: string) => closed || onLost(code) };
    this.#channels.add(channel);
    return {
      probe: (limitMs, tell) => {
        const sentAt = performance.now();
        // What is lost is not sent again within the limit, whoever comes back meanwhile.
        const isLost = this.death === 'power loss';
        setTimeout(
          () => {
            if (closed) return;
            if (isLost) tell(judgeFailure('ETIMEDOUT', sentAt), true);
            else if (this.death === undefined) tell({ kind: 'ready', latencyMs: ANSWER_MS }, true);
            else tell(judgeFailure('ECONNREFUSED', sentAt), true);
          },
          isLost ? limitMs : ANSWER_MS,
        );
      },
      close: () => {
        closed = true;
        this.#channels.delete(channel);
      },
    };
  }
}

export class SimulatedNode {
  readonly masters: readonly SimulatedMaster[];
  readonly kernel = memoryKernel();
  persisted: readonly HostPort[];
  remembered: readonly RememberedMaster[] = [];
  named: readonly HostPort[] = [];
  readonly #random: () => number;
  #stop: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #leases: Leases;

  /** Whether discovery may watch; otherwise it asks again and again. */
  readonly #watches: boolean;

  constructor(masters: number, random: () => number, { watches = true } = {}) {
    this.#random = random;
    this.#watches = watches;
    this.masters = Array.from({ length: masters }, (_, index) => new SimulatedMaster(index + 1));
    this.persisted = this.masters.map(({ realServer }) => realServer);
    this.#leases = new Leases(addresses => {
      this.named = addresses.map(address => ({ address, port: 6443 }));
    });
    this.#renew();
    setInterval(() => this.#renew(), RENEW_MS);
  }

  master(number: number): SimulatedMaster {
    const found = this.masters[number - 1];
    if (found === undefined) throw new Error(`there is no master ${number}`);
    return found;
  }

  /** `namedForMs`: an orderly end of Kubernetes 1.20 is written by the next master that renews its lease. */
  die(number: number, death: Death, namedForMs = 0): void {
    const master = this.master(number);
    master.die(death);
    const revoke = (): void => this.#leases.revoke(master.realServer.address, performance.now());
    if (death !== 'orderly end') return;
    if (namedForMs === 0) revoke();
    else setTimeout(revoke, namedForMs);
  }

  comeBack(number: number): void {
    this.master(number).death = undefined;
    this.#renew();
  }

  /** Every new connection is served: some real server takes them, and none that does is dead. */
  get works(): boolean {
    const taking = this.#kernelServers().filter(({ weight }) => weight > 0);
    return taking.length > 0 && taking.every(one => this.#lives(one));
  }

  /** "10.0.0.11=1 10.0.0.12=0", in order. */
  get inKernel(): string {
    return this.#kernelServers()
      .map(({ address, weight }) => `${address}=${weight}`)
      .sort()
      .join(' ');
  }

  start(): void {
    const stop = new AbortController();
    this.#stop = stop;
    this.#ended = this.#daemon().run(stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#ended;
  }

  /** As after power was lost: what was persisted is restored, and nothing else is known. */
  loseTables(): void {
    this.kernel.tables.services.length = 0;
    this.kernel.tables.routes.length = 0;
  }

  #kernelServers() {
    return this.kernel.tables.services.flatMap(({ destinations }) => destinations);
  }

  #lives({ address }: { address: string }): boolean {
    return this.masters.some(
      ({ realServer, death }) => death === undefined && realServer.address === address,
    );
  }

  #renew(): void {
    const now = performance.now();
    for (const { death, realServer } of this.masters)
      if (death === undefined) this.#leases.renew(realServer.address, now);
    this.#leases.expire(now);
  }

  #daemon(): Daemon {
    const spec: ProxySpec = {
      ...{ virtualServer: VIRTUAL_SERVER, realServers: this.persisted },
      ...{ scheduler: 'sh', schedulerFlags: [], route: true },
    };
    const clock = {
      now: () => performance.now(),
      setTimeout: (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds),
      clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
      random: this.#random,
    };
    return new Daemon({
      ...{ spec, clock, kernel: this.kernel },
      sockets: { connectedTo: () => [], traffic: () => [], destroy: () => false },
      openSource: async ready => this.#source(ready),
      startProbe: (target, nextInMs, onEvidence) =>
        new Prober({
          ...{ clock, nextInMs, onEvidence, limitMs: 1000 },
          open: onLost => this.master(Number(target.address.at(-1))).open(onLost),
        }),
      probe: { rise: 2, fall: 2, intervalMs: 10_000, hangTimeMs: 4000 },
      drainTimeoutMs: 60_000,
      rememberMs: 7 * 86_400_000,
      telemetry: listener({}),
      rememberSysctls() {},
      persisted: {
        what: 'persisting',
        format: ({ realServers }) => JSON.stringify(realServers),
        save: ({ realServers }) => {
          this.persisted = realServers;
        },
      },
      memory: {
        what: 'remembering',
        load: () => this.remembered,
        format: masters => JSON.stringify(masters),
        save: masters => {
          this.remembered = masters;
        },
      },
    });
  }

  /** What the API says, through the VIP or from one that is ready, with the waits of discovery. */
  #source(ready: () => readonly HostPort[]): EndpointSource {
    const reaches = () =>
      [...ready(), ...this.#kernelServers().filter(({ weight }) => weight > 0)].some(one => this.#lives(one));
    let inMs = DISCOVERY_MS;
    return {
      freshness: {
        ...{ lastEventAt: undefined, server: undefined, lastProblem: undefined },
        connected: this.#watches,
      },
      reconnect() {
        inMs = DISCOVERY_ANEW_MS;
      },
      run: (tell, signal) =>
        new Promise(resolve => {
          let told = '';
          const timer = setInterval(() => {
            inMs = reaches() ? inMs - DISCOVERY_MS : DISCOVERY_BACKOFF_MS;
            const now = JSON.stringify(this.named);
            if (inMs > 0) return;
            if (!this.#watches) inMs = DISCOVERY_BACKOFF_MS;
            if (now === told || this.named.length === 0) return;
            told = now;
            tell(this.named);
          }, DISCOVERY_MS);
          signal.addEventListener('abort', () => {
            clearInterval(timer);
            resolve();
          });
        }),
    };
  }
}
