// One real server that the daemon looks after, and how others see it.
import type { CandidateView } from '../health/decide.ts';
import type { Evidence } from '../health/evidence.ts';
import type { Health } from '../health/scoreboard.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { MAX_REAL_SERVERS } from '../model/spec.ts';
import type { RememberedMaster } from '../store/memory.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Departure, isAwaited, leftSince, type Patience } from './departure.ts';

/** Probes one candidate until stopped; the daemon decides how. */
export interface CandidateProbe {
  start(): void;
  stop(): void;
  /** Somebody suspects something: ask at once, within reason. */
  probeSoon(): void;
  /** What was asked before no longer counts. */
  probeAnew(): void;
}

export type StartProbe = (
  target: HostPort,
  nextInMs: (evidence: Evidence) => number,
  onEvidence: (evidence: Evidence) => void,
) => CandidateProbe;

export interface Candidate {
  readonly realServer: HostPort;
  health: Health;
  /** Undefined while discovery names it. */
  departure: Departure | undefined;
  last: Evidence | undefined;
  readonly probe: CandidateProbe;
}

/** One candidate for people to look at. */
export interface CandidateDetails {
  readonly realServer: HostPort;
  readonly health: Health;
  /** Since when (ms since 1970) discovery does not name it although nobody withdrew it. */
  readonly missingSince: number | undefined;
  readonly named: boolean;
  readonly last: Evidence | undefined;
}

/** A fault of this node is told when it begins. */
export function tellFault(
  telemetry: Pick<Telemetry, 'problem'>,
  { realServer, last }: Candidate,
  evidence: Evidence,
): void {
  if (evidence.kind !== 'local-fault') return;
  if (last?.kind === 'local-fault' && last.reason === evidence.reason) return;
  telemetry.problem(
    `probing ${formatHostPort(realServer)}, a fault of this node`,
    new Error(evidence.reason),
  );
}

/** A change of state is told. */
export function setHealth(candidate: Candidate, health: Health, telemetry: Pick<Telemetry, 'changed'>): void {
  const {
    realServer,
    health: { state: from },
  } = candidate;
  candidate.health = health;
  const { state, reason } = health;
  if (state === from) return;
  const against = state === 'ready' || state === 'new' ? '' : reason;
  telemetry.changed({ realServer, from, to: state, reason: against });
}

export function detailsOf({ realServer, health, last, departure }: Candidate): CandidateDetails {
  const missingSince = departure?.kind === 'missing' ? departure.since : undefined;
  return { realServer, health, last, missingSince, named: departure === undefined };
}

/**
 * Those that left and are waited for, and who serves alone. No more than can serve, as discovery may name somebody else each
 * time; who was seen well goes before who never was, and who left first before who came and went.
 */
export function awaitedOf(all: readonly Candidate[], patience: Patience, now: number): Candidate[] {
  const isServed = all.some(({ departure, health }) => departure === undefined && health.state === 'ready');
  const servesAlone = ({ health }: Candidate): boolean => !isServed && health.state === 'ready';
  const seenWell = ({ health }: Candidate): number => (Number.isFinite(health.quickAt) ? 1 : 0);
  const leftAt = ({ departure }: Candidate): number => departure?.at ?? now;
  return all
    .filter(one => one.departure && (isAwaited(one.departure, patience, now) || servesAlone(one)))
    .sort((a, b) => seenWell(b) - seenWell(a) || leftAt(a) - leftAt(b))
    .slice(0, MAX_REAL_SERVERS);
}

/** What the next process has to know of it; undefined = nothing yet. */
export function rememberedOf(
  { realServer, departure }: Candidate,
  now: number,
): RememberedMaster | undefined {
  if (departure === undefined || departure.kind === 'undecided') return undefined;
  return { ...realServer, since: leftSince(departure, now, Date.now()), kind: departure.kind };
}

export function viewOf({ realServer, health, departure }: Candidate): CandidateView {
  return { ...realServer, health, leftAt: departure?.at, missing: departure?.kind === 'missing' };
}
