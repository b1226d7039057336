// The real servers that the daemon looks after: those that discovery names, and those that left but are still in use.
// Each has its health and its prober.
import type { CandidateView } from '../health/decide.ts';
import type { Outcome } from '../health/outcome.ts';
import { type Health, newHealth, score, type Thresholds } from '../health/scoreboard.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { Telemetry } from '../telemetry.ts';

/** Probes one candidate until stopped; the daemon decides how. */
export interface CandidateProbe {
  run(): Promise<void>;
  stop(): void;
}

export type StartProbe = (
  target: HostPort,
  nextInMs: () => number | undefined,
  onOutcome: (outcome: Outcome) => void,
) => CandidateProbe;

interface Candidate {
  readonly realServer: HostPort;
  health: Health;
  /** Monotonic milliseconds at which it left discovery; undefined while discovery names it. */
  leftAt: number | undefined;
  lastOutcome: Outcome | undefined;
  readonly probe: CandidateProbe;
}

/** One candidate for people to look at. */
export interface CandidateDetails {
  readonly realServer: HostPort;
  readonly health: Health;
  readonly lastOutcome: Outcome | undefined;
}

/** A probe that decides something follows this soon after the one before it. */
const CONFIRM_IN_MS = 100;

export class Candidates {
  readonly #byName = new Map<string, Candidate>();
  readonly #thresholds: Thresholds;
  readonly #startProbe: StartProbe;
  readonly #telemetry: Telemetry;
  readonly #onChange: () => void;

  /** `onChange` is called when the set or somebody's health changed in a way that matters for the kernel. */
  constructor(thresholds: Thresholds, startProbe: StartProbe, telemetry: Telemetry, onChange: () => void) {
    this.#thresholds = thresholds;
    this.#startProbe = startProbe;
    this.#telemetry = telemetry;
    this.#onChange = onChange;
  }

  stop(): void {
    for (const { probe } of this.#byName.values()) probe.stop();
  }

  /** What discovery names now. An empty list says nothing about the masters, so it is ignored. */
  setDiscovered(realServers: readonly HostPort[]): void {
    if (realServers.length === 0) return;
    const now = performance.now();
    const added = realServers.filter(realServer => this.#return(realServer));
    const left = [...this.#byName.values()].filter(
      ({ realServer, leftAt }) =>
        leftAt === undefined && !realServers.some(other => equalHostPort(other, realServer)),
    );
    for (const candidate of left) candidate.leftAt = now;
    if (added.length === 0 && left.length === 0) return;
    this.#telemetry.discovered(
      added,
      left.map(({ realServer }) => realServer),
    );
    this.#onChange();
  }

  /** The set to begin with, from the persisted file or from flags. */
  begin(realServers: readonly HostPort[]): void {
    for (const realServer of realServers) this.#return(realServer);
  }

  /** Real servers that the kernel has but nobody named: looked after until those that are named serve. */
  adopt(realServers: readonly HostPort[]): void {
    for (const { address, port } of realServers) this.#add({ address, port }).leftAt = performance.now();
  }

  /** Lets go of those that left discovery and that the kernel no longer has. */
  forgetUnless(inKernel: (realServer: HostPort) => boolean): void {
    for (const [name, { realServer, leftAt, probe }] of this.#byName) {
      if (leftAt === undefined || inKernel(realServer)) continue;
      probe.stop();
      this.#byName.delete(name);
      this.#telemetry.forgotten(realServer);
    }
  }

  discovered(): HostPort[] {
    return [...this.#byName.values()]
      .filter(({ leftAt }) => leftAt === undefined)
      .map(({ realServer }) => realServer);
  }

  ready(): HostPort[] {
    return [...this.#byName.values()]
      .filter(({ health }) => health.state === 'ready')
      .map(({ realServer }) => realServer);
  }

  details(): CandidateDetails[] {
    return [...this.#byName.values()].map(({ realServer, health, lastOutcome }) => ({
      realServer,
      health,
      lastOutcome,
    }));
  }

  views(): CandidateView[] {
    const now = performance.now();
    return [...this.#byName.values()].map(({ realServer, health, leftAt }) => ({
      ...realServer,
      state: health.state,
      stateAgeMs: now - Math.max(health.since, leftAt ?? 0),
      promising: health.good > 0,
      discovered: leftAt === undefined,
    }));
  }

  /** Returns whether the real server was not named before. */
  #return(realServer: HostPort): boolean {
    const known = this.#byName.get(formatHostPort(realServer));
    if (known === undefined) this.#add(realServer);
    else if (known.leftAt !== undefined) known.leftAt = undefined;
    else return false;
    return true;
  }

  #add(realServer: HostPort): Candidate {
    const candidate: Candidate = {
      realServer,
      health: newHealth(performance.now()),
      leftAt: undefined,
      lastOutcome: undefined,
      probe: this.#startProbe(
        realServer,
        () => (this.#undecided(candidate.health) ? CONFIRM_IN_MS : undefined),
        outcome => this.#record(candidate, outcome),
      ),
    };
    this.#byName.set(formatHostPort(realServer), candidate);
    candidate.probe
      .run()
      .catch(error => this.#telemetry.problem(`probing ${formatHostPort(realServer)}`, error));
    return candidate;
  }

  #record(candidate: Candidate, outcome: Outcome): void {
    const before = candidate.health;
    candidate.lastOutcome = outcome;
    candidate.health = score(before, outcome, this.#thresholds, performance.now());
    this.#telemetry.probed(candidate.realServer, outcome);
    const { state, good, reason } = candidate.health;
    if (state !== before.state) {
      this.#telemetry.changed({
        realServer: candidate.realServer,
        from: before.state,
        to: state,
        reason: state === 'ready' ? '' : reason,
      });
    }
    // The first good answer of one that is not ready matters, too, where nobody else serves.
    if (state !== before.state || good > 0 !== before.good > 0) this.#onChange();
  }

  /** The last probe points to another state, but the threshold is not reached: the next one decides. */
  #undecided({ state, good, bad }: Health): boolean {
    const { rise, fall } = this.#thresholds;
    if (good > 0) return state !== 'ready' && good < rise;
    return (state === 'ready' || state === 'new') && bad < fall;
  }
}
