// One node of the fleet: its connections through the VIP, and whoever decides over them.
import { Candidates } from '../../src/lib/daemon/candidates.ts';
import { Judge } from '../../src/lib/daemon/judge.ts';
import { UNANSWERED_MS } from '../../src/lib/health/suspicion.ts';
import { equalHostPort } from '../../src/lib/model/address.ts';
import { Prober } from '../../src/lib/probe/prober.ts';
import type { DesiredRealServer, ObservedRealServer } from '../../src/lib/reconcile/state.ts';
import { listener } from '../../src/lib/telemetry.ts';
import { openChannel } from './channel.ts';
import type { Engine } from './engine.ts';
import { COST, type Path } from './master.ts';
import type { Recorder } from './recorder.ts';

/** kubelet, kube-proxy, the network plugin: kept connections with their watches. */
export const CONNECTIONS = 6;
/** client-go waits 0.8 to 1.6 s before it connects again. */
const RECONNECT_MS = 800;

/** Until data counts as unanswered, and a quarter of a second until somebody looks. */
const LOOK_MS = UNANSWERED_MS + 250;

/** Assumed: how often one of a node's connections asks something. */
const ASKS_EVERY_MS = 1000;

export class FleetNode {
  readonly paths: readonly Path[];
  readonly #engine: Engine;
  readonly #recorder: Recorder;
  readonly #hash: number;
  #weights: number[];
  /** Whose the connections are; undefined = none at present. */
  #pinned: Path | undefined;
  #pinnedAt = Number.NEGATIVE_INFINITY;
  #badSince: number | undefined;

  constructor(engine: Engine, paths: readonly Path[], recorder: Recorder, index: number) {
    this.#engine = engine;
    this.paths = paths;
    this.#recorder = recorder;
    this.#hash = index;
    this.#weights = paths.map(() => 1);
    this.#connect();
    for (const path of paths) path.listeners.add(() => this.#pathChanged(path));
  }

  kernel(): ObservedRealServer[] {
    return this.paths.flatMap((path, index) => {
      const weight = this.#weights[index] ?? -1;
      const activeConnections = this.#pinned === path ? CONNECTIONS : 0;
      return weight < 0
        ? []
        : [{ ...path.master.address, weight, masquerading: true, activeConnections, inactiveConnections: 0 }];
    });
  }

  apply(wanted: readonly DesiredRealServer[]): void {
    const weights = this.paths.map(
      ({ master }) => wanted.find(one => equalHostPort(one, master.address))?.weight ?? -1,
    );
    if (weights.every((weight, index) => weight === this.#weights[index])) return;
    this.#weights = weights;
    this.#recorder.changed();
    if (this.#pinned !== undefined && weights[this.paths.indexOf(this.#pinned)] === -1) {
      if (this.#pinned.condition === 'up') this.#recorder.broke(CONNECTIONS);
      this.#lose();
    }
    this.#judgeOutage();
  }

  /** Data that is not answered in time, and bytes that come, looked at four times a second. */
  watchTraffic(candidates: Pick<Candidates, 'suspect' | 'heard'>): void {
    const look = (): void => {
      const path = this.#pinned ?? this.#choose();
      const waits =
        path !== undefined && (path.condition !== 'up' || path.master.latencyMs() > UNANSWERED_MS);
      if (waits) candidates.suspect(path.master.address, this.#engine.now() - UNANSWERED_MS);
      if (this.#pinned !== undefined && this.#isHeard(this.#pinned))
        candidates.heard(
          this.#pinned.master.address,
          this.#engine.now() - this.#engine.random() * ASKS_EVERY_MS,
        );
      this.#engine.setTimeout(look, LOOK_MS);
    };
    this.#engine.setTimeout(look, this.#engine.random() * LOOK_MS);
  }

  /** One that is overloaded answers what it was asked a queue ago. */
  #isHeard({ condition, master }: Path): boolean {
    return condition === 'up' && this.#engine.now() - this.#pinnedAt > master.latencyMs() + ASKS_EVERY_MS;
  }

  /** sh with its fallback (net/netfilter/ipvs/ip_vs_sh.c): buckets in turn to all that are there; one without weight has its own spread over the others. */
  #choose(): Path | undefined {
    const present = this.paths.filter((_, index) => (this.#weights[index] ?? -1) >= 0);
    const hasWeight = (path: Path | undefined): boolean =>
      path !== undefined && (this.#weights[this.paths.indexOf(path)] ?? 0) > 0;
    if (!present.some(hasWeight)) return undefined;
    for (let attempt = 0; ; attempt += 1) {
      const chosen = present[(attempt === 0 ? this.#hash : scatter(this.#hash + attempt)) % present.length];
      if (hasWeight(chosen)) return chosen;
    }
  }

  #connect(): void {
    const path = this.#choose();
    if (path?.condition === 'up') {
      this.#pinned = path;
      this.#pinnedAt = this.#engine.now();
      path.master.users += 1;
      if (this.#engine.now() > 0) path.master.ask(CONNECTIONS * (COST.handshake + COST.relist));
    } else this.#engine.setTimeout(() => this.#connect(), RECONNECT_MS * (1 + this.#engine.random()));
    this.#judgeOutage();
  }

  #lose(): void {
    if (this.#pinned === undefined) return;
    this.#pinned.master.users -= 1;
    this.#pinned = undefined;
    this.#engine.setTimeout(() => this.#connect(), RECONNECT_MS * (1 + this.#engine.random()));
  }

  /** The kernel of a crashed process resets its connections; of a lost or hung one nobody hears. */
  #pathChanged(path: Path): void {
    if (this.#pinned === path && path.condition === 'crashed') this.#lose();
    this.#judgeOutage();
  }

  #judgeOutage(): void {
    const now = this.#engine.now();
    const works = this.#choose()?.condition === 'up';
    if (works === (this.#badSince === undefined)) return;
    this.#recorder.works(works, this.#badSince ?? now);
    this.#badSince = works ? undefined : now;
  }
}

/** Knuth's multiplicative hash. */
function scatter(value: number): number {
  return Math.imul(value, 2654435761) >>> 8;
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
export function runOurs(engine: Engine, node: FleetNode): void {
  const byAddress = new Map(node.paths.map(path => [path.master.address.address, path]));
  let planned = false;
  const pass = (): void => {
    planned = false;
    const { realServers, nextAt } = judge.decide(node.kernel());
    node.apply(realServers);
    const unsettled =
      node.kernel().some(({ weight }) => weight !== 1) || node.kernel().length < node.paths.length;
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
    ...{ intervalMs: OURS.intervalMs, drainTimeoutMs: OURS.drainTimeoutMs, rememberMs: 0 },
    clock: engine,
    telemetry: listener({}),
    onChange: request,
    startProbe: ({ address }, nextInMs, onEvidence) => {
      const path = byAddress.get(address);
      if (path === undefined) throw new Error(`${address} is no master of the model`);
      const prober = new Prober({
        open: onLost => openChannel(engine, path, onLost),
        clock: engine,
        limitMs: OURS.limitMs,
        nextInMs,
        onEvidence,
      });
      // Nodes of a fleet were not started in one instant.
      const start = (): void =>
        void engine.setTimeout(() => prober.start(), engine.random() * OURS.intervalMs);
      return {
        ...{ start, stop: () => prober.stop() },
        ...{ probeSoon: () => prober.probeSoon(), probeAnew: () => prober.probeAnew() },
      };
    },
  });
  const judge = new Judge({ candidates, clock: engine, telemetry: listener({}), ...OURS });
  candidates.begin(node.paths.map(({ master }) => master.address));
  node.watchTraffic(candidates);
}

/** What others do: a probe each 2 s with a limit of 1 s; after so many failures in a row a master is removed. */
export function runSimple(engine: Engine, node: FleetNode, fall: number): void {
  const { paths } = node;
  const failures = paths.map(() => 0);
  const decide = (): void => {
    const living = paths.filter((_, index) => (failures[index] ?? 0) < fall);
    // "Two time-outs" holds all when all look dead; "first failure" has the last one removed, and is held here, too.
    node.apply((living.length > 0 ? living : paths).map(({ master }) => ({ ...master.address, weight: 1 })));
  };
  paths.forEach((path, index) => {
    const probe = (): void => {
      let isDone = false;
      const finish = (isGood: boolean): void => {
        if (isDone) return;
        isDone = true;
        engine.clearTimeout(limit);
        const refused = path.condition === 'crashed';
        failures[index] = isGood ? 0 : refused ? fall : (failures[index] ?? 0) + 1;
        decide();
        engine.setTimeout(probe, 2000 * (0.8 + 0.4 * engine.random()));
      };
      const limit = engine.setTimeout(() => finish(false), path.condition === 'crashed' ? 1 : 1000);
      if (path.condition === 'up') path.master.ask(COST.probe, () => finish(path.condition === 'up'));
    };
    engine.setTimeout(probe, engine.random() * 2000);
  });
}
