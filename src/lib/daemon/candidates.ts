// The real servers that the daemon looks after: those that discovery names, and those that left. Each has its health and its
// prober. One that left while it was alive was withdrawn: it is drained and forgotten. One that left while it was dead is
// missing: real apiservers take a dead one out by themselves when its lease ends, so it is probed on.
import type { Clock } from '../clock.ts';
import type { CandidateView } from '../health/decide.ts';
import type { Evidence } from '../health/evidence.ts';
import { nextProbeInMs } from '../health/pace.ts';
import { awaited, die, forgive, heard, newHealth, score, type Thresholds } from '../health/scoreboard.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { RememberedMaster } from '../store/memory.ts';
import type { Telemetry } from '../telemetry.ts';
import {
  awaitedOf,
  type Candidate,
  type CandidateDetails,
  detailsOf,
  rememberedOf,
  type StartProbe,
  setHealth,
  tellFault,
  viewOf,
} from './candidate.ts';
import { isBootable, kindOfDeparture, outlast, type Patience, settle } from './departure.ts';

export interface CandidatesOptions extends Patience {
  readonly thresholds: Thresholds;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly startProbe: StartProbe;
  readonly telemetry: Telemetry;
  /** Called when the set or somebody's health changed in a way that matters for the kernel. */
  readonly onChange: () => void;
}

/** Against one that still counts: the others are asked at once, to be witnesses or to be found in the same state. */
const SUSPICIOUS: ReadonlySet<string> = new Set(['late', 'process-silent', 'host-silent']);

export class Candidates {
  readonly #byName = new Map<string, Candidate>();
  readonly #options: CandidatesOptions;
  #held = false;

  constructor(options: CandidatesOptions) {
    this.#options = options;
  }

  stop(): void {
    for (const { probe } of this.#byName.values()) probe.stop();
  }

  /** What discovery names now. An empty list says nothing about the masters, so it is ignored. */
  setDiscovered(realServers: readonly HostPort[]): void {
    if (realServers.length === 0) return;
    const now = this.#options.clock.now();
    const added = realServers.filter(realServer => this.#return(realServer));
    const left = [...this.#byName.values()].filter(
      ({ realServer, departure }) =>
        departure === undefined && !realServers.some(other => equalHostPort(other, realServer)),
    );
    for (const candidate of left)
      candidate.departure = { at: now, since: Date.now(), kind: kindOfDeparture(candidate, now) };
    if (added.length === 0 && left.length === 0) return;
    this.#options.telemetry.discovered(
      added,
      left.map(({ realServer }) => realServer),
    );
    this.#options.onChange();
  }

  /** The set to begin with, from the persisted file or from flags. */
  begin(realServers: readonly HostPort[]): void {
    for (const realServer of realServers) this.#return(realServer);
  }

  /** Real servers that the kernel has but nobody named: looked after until those that are named serve. */
  adopt(realServers: readonly HostPort[]): void {
    const at = this.#options.clock.now() - this.#options.drainTimeoutMs;
    for (const { address, port } of realServers)
      this.#add({ address, port }).departure = { at, since: Date.now(), kind: 'withdrawn' };
  }

  /** Those that had left before this process began. */
  remember(masters: readonly RememberedMaster[]): void {
    const now = this.#options.clock.now();
    for (const { address, port, since, kind } of masters) {
      const known = this.#byName.get(formatHostPort({ address, port }));
      const isNamed = known !== undefined && known.departure === undefined;
      const ageMs = Math.max(0, Date.now() - since);
      if (isNamed || ageMs >= this.#options.rememberMs) continue;
      const at = kind === 'missing' ? now - ageMs : now;
      (known ?? this.#add({ address, port })).departure = { at, since: Date.now() - ageMs, kind };
    }
  }

  /** Somebody says that it will not come back. Returns whether it was missing. */
  forget(realServer: HostPort): boolean {
    const candidate = this.#byName.get(formatHostPort(realServer));
    if (candidate?.departure?.kind !== 'missing') return false;
    candidate.departure = { ...candidate.departure, at: Number.NEGATIVE_INFINITY, kind: 'withdrawn' };
    return true;
  }

  /** Lets go of those that left, that the kernel no longer has, and that nobody waits for. */
  forgetUnless(inKernel: (realServer: HostPort) => boolean): void {
    const awaited = this.#awaited();
    for (const [name, candidate] of this.#byName) {
      const { realServer, departure, probe } = candidate;
      if (departure === undefined || inKernel(realServer) || awaited.includes(candidate)) continue;
      probe.stop();
      this.#byName.delete(name);
      this.#options.telemetry.forgotten(realServer);
    }
  }

  /** The decision found it dead. */
  markDead(realServer: HostPort): void {
    const candidate = this.#byName.get(formatHostPort(realServer));
    if (candidate === undefined) return;
    setHealth(candidate, die(candidate.health, this.#options.clock.now()), this.#options.telemetry);
  }

  /** Nobody is known to serve, or somebody is again: then what was against the others before no longer counts. */
  setHeld(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    const now = this.#options.clock.now();
    if (held) {
      for (const each of this.#byName.values())
        each.departure &&= outlast(each.departure, this.#options, now);
      // Whoever was asked seldom may be back: from now on the pace is that of one that is waited for.
      this.suspect(undefined);
      return;
    }
    for (const candidate of this.#byName.values()) {
      if (candidate.health.good > 0) continue;
      setHealth(candidate, forgive(candidate.health, now), this.#options.telemetry);
      candidate.probe.probeAnew();
    }
  }

  /**
   * Something seems wrong on the way to this one, undefined = to whom is unknown; a client waits, with data sent `since`. All
   * are asked: the others may be its witnesses, or silent for as long as it is.
   */
  suspect(realServer: HostPort | undefined, since?: number): void {
    const suspected = realServer && this.#byName.get(formatHostPort(realServer));
    if (suspected !== undefined && since !== undefined) suspected.health = awaited(suspected.health, since);
    for (const { probe } of this.#byName.values()) probe.probeSoon();
  }

  /** Other traffic brought bytes from it. */
  heard(realServer: HostPort, at: number): void {
    const known = this.#byName.get(formatHostPort(realServer));
    if (known !== undefined) known.health = heard(known.health, at);
  }

  discovered(): HostPort[] {
    return this.#those(({ departure }) => departure === undefined);
  }

  /** What a boot can begin with: those that discovery names, and those that it withdrew a moment ago. */
  bootable(): HostPort[] {
    const now = this.#options.clock.now();
    return this.#those(
      ({ departure, health }) => !departure || isBootable(departure, health, this.#options, now),
    );
  }

  /** Those that left and are waited for: what the next process has to know of. */
  remembered(): RememberedMaster[] {
    const now = this.#options.clock.now();
    return this.#awaited().flatMap(candidate => rememberedOf(candidate, now) ?? []);
  }

  ready(): HostPort[] {
    return this.#those(({ health }) => health.state === 'ready');
  }

  details(): CandidateDetails[] {
    return [...this.#byName.values()].map(detailsOf);
  }

  views(): CandidateView[] {
    return [...this.#byName.values()].map(viewOf);
  }

  #awaited(): Candidate[] {
    return awaitedOf([...this.#byName.values()], this.#options, this.#options.clock.now());
  }

  #those(filter: (candidate: Candidate) => boolean): HostPort[] {
    return [...this.#byName.values()].filter(filter).map(({ realServer }) => realServer);
  }

  /** Returns whether the real server was not named before. */
  #return(realServer: HostPort): boolean {
    const known = this.#byName.get(formatHostPort(realServer));
    if (known === undefined) this.#add(realServer);
    else if (known.departure !== undefined) known.departure = undefined;
    else return false;
    return true;
  }

  #add(realServer: HostPort): Candidate {
    const { clock, intervalMs, thresholds, startProbe } = this.#options;
    const candidate: Candidate = {
      realServer,
      health: newHealth(clock.now()),
      departure: undefined,
      last: undefined,
      probe: startProbe(
        realServer,
        evidence =>
          nextProbeInMs(candidate.health, evidence, {
            ...{ intervalMs, thresholds, held: this.#held, random: clock.random() },
          }),
        evidence => this.#record(candidate, evidence),
      ),
    };
    this.#byName.set(formatHostPort(realServer), candidate);
    candidate.probe.start();
    return candidate;
  }

  #record(candidate: Candidate, evidence: Evidence): void {
    const { clock, thresholds, telemetry, onChange } = this.#options;
    const before = candidate.health;
    tellFault(telemetry, candidate, evidence);
    candidate.last = evidence;
    telemetry.probed(candidate.realServer, evidence);
    setHealth(candidate, score(before, evidence, thresholds, clock.now()), telemetry);
    candidate.departure &&= settle(candidate.departure, evidence);
    const { state, good } = candidate.health;
    const counts = state === 'ready' || state === 'new';
    // The first good answer of one that is not ready matters, too, where nobody else serves.
    const changed = state !== before.state || good > 0 !== before.good > 0;
    if (counts && (SUSPICIOUS.has(evidence.kind) || (changed && before.state !== 'new')))
      this.#askOthers(candidate);
    if (changed || candidate.health.silence !== undefined) onChange();
  }

  #askOthers(candidate: Candidate): void {
    for (const other of this.#byName.values()) if (other !== candidate) other.probe.probeSoon();
  }
}
