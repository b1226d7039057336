// One node of the fleet: its connections through the VIP, and whoever decides over them.
import { Candidates } from '../../src/lib/daemon/candidates.ts';
import { Judge } from '../../src/lib/daemon/judge.ts';
import { equalHostPort } from '../../src/lib/model/address.ts';
import { Prober } from '../../src/lib/probe/prober.ts';
import type { DesiredRealServer, ObservedRealServer } from '../../src/lib/reconcile/state.ts';
import { listener } from '../../src/lib/telemetry.ts';
import { openChannel } from './channel.ts';
import type { Engine } from './engine.ts';
import { COST, type Master } from './master.ts';

/** kubelet, kube-proxy, the network plugin: kept connections with their watches. */
export const CONNECTIONS = 6;
/** client-go waits 0.8 to 1.6 s before it connects again. */
const RECONNECT_MS = 800;

/** Half a second without an answer, and a quarter until somebody looks. */
const LOOK_MS = 750;

/** Assumed: how often one of a node's connections asks something. */
const ASKS_EVERY_MS = 1000;

export interface Tally {
  /** Connections that a decision broke though their master answered. */
  unneeded: number;
  /** The longest time that a node's new connections went to a master that does not work, ms. */
  longestOutageMs: number;
  /** When something last changed on any node. */
  lastChangeAt: number;
}

export type Policy = 'ours' | 'two time-outs' | 'first failure';

export class FleetNode {
  readonly #engine: Engine;
  readonly #masters: readonly Master[];
  readonly #tally: Tally;
  readonly #hash: number;
  #weights: number[];
  /** Whose the connections are; undefined = none at present. */
  #pinned: Master | undefined;
  #pinnedAt = Number.NEGATIVE_INFINITY;
  #badSince: number | undefined;

  constructor(engine: Engine, masters: readonly Master[], tally: Tally, index: number) {
    this.#engine = engine;
    this.#masters = masters;
    this.#tally = tally;
    this.#hash = index;
    this.#weights = masters.map(() => 1);
    this.#connect();
    for (const master of masters) master.listeners.add(() => this.#masterChanged(master));
  }

  kernel(): ObservedRealServer[] {
    return this.#masters.flatMap(({ address }, index) => {
      const weight = this.#weights[index] ?? -1;
      const activeConnections = this.#pinned?.address === address ? CONNECTIONS : 0;
      return weight < 0
        ? []
        : [{ ...address, weight, masquerading: true, activeConnections, inactiveConnections: 0 }];
    });
  }

  apply(wanted: readonly DesiredRealServer[]): void {
    const weights = this.#masters.map(
      ({ address }) => wanted.find(one => equalHostPort(one, address))?.weight ?? -1,
    );
    if (weights.every((weight, index) => weight === this.#weights[index])) return;
    this.#weights = weights;
    this.#tally.lastChangeAt = this.#engine.now();
    const index = this.#pinned === undefined ? -1 : this.#masters.indexOf(this.#pinned);
    if (index >= 0 && weights[index] === -1) {
      if (this.#pinned?.condition === 'up') this.#tally.unneeded += CONNECTIONS;
      this.#lose();
    }
    this.#judgeOutage();
  }

  /** Data that is not answered for half a second, and bytes that come, looked at four times a second. */
  watchTraffic(candidates: Pick<Candidates, 'suspect' | 'heard'>): void {
    const look = (): void => {
      const master = this.#pinned ?? this.#choose();
      const waits = master !== undefined && (master.condition !== 'up' || master.latencyMs() > 500);
      if (waits) candidates.suspect(master.address);
      if (this.#pinned !== undefined && this.#isHeard(this.#pinned))
        candidates.heard(this.#pinned.address, this.#engine.now() - this.#engine.random() * ASKS_EVERY_MS);
      this.#engine.setTimeout(look, LOOK_MS);
    };
    this.#engine.setTimeout(look, this.#engine.random() * LOOK_MS);
  }

  /** One that is overloaded answers what it was asked a queue ago. */
  #isHeard(master: Master): boolean {
    return (
      master.condition === 'up' && this.#engine.now() - this.#pinnedAt > master.latencyMs() + ASKS_EVERY_MS
    );
  }

  /** sh with its fallback: the source address chooses, and the next one takes what has no weight. */
  #choose(): Master | undefined {
    const count = this.#masters.length;
    for (let step = 0; step < count; step += 1) {
      const index = (this.#hash + step) % count;
      if ((this.#weights[index] ?? 0) > 0) return this.#masters[index];
    }
    return undefined;
  }

  #connect(): void {
    const master = this.#choose();
    if (master?.condition === 'up') {
      this.#pinned = master;
      this.#pinnedAt = this.#engine.now();
      master.users += 1;
      if (this.#engine.now() > 0) master.ask(CONNECTIONS * (COST.handshake + COST.relist));
    } else this.#engine.setTimeout(() => this.#connect(), RECONNECT_MS * (1 + this.#engine.random()));
    this.#judgeOutage();
  }

  #lose(): void {
    if (this.#pinned === undefined) return;
    this.#pinned.users -= 1;
    this.#pinned = undefined;
    this.#engine.setTimeout(() => this.#connect(), RECONNECT_MS * (1 + this.#engine.random()));
  }

  /** The kernel of a crashed process resets its connections; of a lost or hung one nobody hears. */
  #masterChanged(master: Master): void {
    if (this.#pinned === master && master.condition === 'crashed') this.#lose();
    this.#judgeOutage();
  }

  #judgeOutage(): void {
    const now = this.#engine.now();
    const works = this.#choose()?.condition === 'up';
    if (!works) this.#badSince ??= now;
    else if (this.#badSince !== undefined) {
      this.#tally.longestOutageMs = Math.max(this.#tally.longestOutageMs, now - this.#badSince);
      this.#badSince = undefined;
    }
  }
}

const OURS = {
  rise: 2,
  fall: 2,
  intervalMs: 10_000,
  limitMs: 1000,
  hangTimeMs: 4000,
  drainTimeoutMs: 60_000,
};

/** The daemon's own parts, in virtual time. */
export function runOurs(engine: Engine, node: FleetNode, masters: readonly Master[]): void {
  const byAddress = new Map(masters.map(master => [master.address.address, master]));
  let planned = false;
  const pass = (): void => {
    planned = false;
    const { realServers, nextAt } = judge.decide(node.kernel());
    node.apply(realServers);
    const unsettled =
      node.kernel().some(({ weight }) => weight !== 1) || node.kernel().length < masters.length;
    if (nextAt !== undefined) engine.setTimeout(request, nextAt - engine.now());
    else if (unsettled && realServers.some(({ weight }) => weight === 0)) engine.setTimeout(request, 1000);
  };
  const request = (): void => {
    if (planned) return;
    planned = true;
    engine.setTimeout(pass, 0);
  };
  const candidates = new Candidates({
    thresholds: OURS,
    intervalMs: OURS.intervalMs,
    clock: engine,
    telemetry: listener({}),
    onChange: request,
    startProbe: ({ address }, nextInMs, onEvidence) => {
      const master = byAddress.get(address);
      if (master === undefined) throw new Error(`${address} is no master of the model`);
      const prober = new Prober({
        open: onLost => openChannel(engine, master, onLost),
        clock: engine,
        limitMs: OURS.limitMs,
        nextInMs,
        onEvidence,
      });
      // Nodes of a fleet were not started in one instant.
      const start = (): void =>
        void engine.setTimeout(() => prober.start(), engine.random() * OURS.intervalMs);
      return { start, stop: () => prober.stop(), probeSoon: () => prober.probeSoon() };
    },
  });
  const judge = new Judge({ candidates, clock: engine, telemetry: listener({}), ...OURS });
  candidates.begin(masters.map(({ address }) => address));
  node.watchTraffic(candidates);
}

/** What others do: a probe each 2 s with a limit of 1 s; after so many failures in a row a master is removed. */
export function runSimple(engine: Engine, node: FleetNode, masters: readonly Master[], fall: number): void {
  const failures = masters.map(() => 0);
  const decide = (): void => {
    const living = masters.filter((_, index) => (failures[index] ?? 0) < fall);
    // "Two time-outs" holds all when all look dead; "first failure" has the last one removed, and is held here, too.
    node.apply((living.length > 0 ? living : masters).map(({ address }) => ({ ...address, weight: 1 })));
  };
  masters.forEach((master, index) => {
    const probe = (): void => {
      const answers = master.condition === 'up';
      const latencyMs = answers
        ? master.ask(COST.probe)
        : master.condition === 'crashed'
          ? 1
          : Number.POSITIVE_INFINITY;
      const good = answers && latencyMs <= 1000;
      engine.setTimeout(
        () => {
          failures[index] = good ? 0 : master.condition === 'crashed' ? fall : (failures[index] ?? 0) + 1;
          decide();
          engine.setTimeout(probe, 2000 * (0.8 + 0.4 * engine.random()));
        },
        Math.min(latencyMs, 1000),
      );
    };
    engine.setTimeout(probe, engine.random() * 2000);
  });
}
