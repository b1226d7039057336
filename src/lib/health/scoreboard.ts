// One master's health from evidence. Pure; time is handed in. Whether a silent one is dead is not decided here: that
// takes witnesses and a budget, which only the decision over all masters sees (decide.ts).
import type { Evidence, Silent } from './evidence.ts';

/** As in docs/architecture.md, "What follows from evidence". */
export type HealthState = 'new' | 'ready' | 'slow' | 'closing' | 'draining' | 'dead';

export interface Thresholds {
  /** Good answers in a row until a master serves. */
  readonly rise: number;
  /** Answers in a row that are not good until it no longer does. */
  readonly fall: number;
}

export interface Silence {
  readonly kind: 'host' | 'process';
  readonly since: number;
  /** A host was asked once more, over a fresh connection. */
  readonly confirmed: boolean;
}

/** All times are monotonic milliseconds. */
export interface Health {
  readonly state: HealthState;
  readonly since: number;
  /** Consecutive answers in time, and consecutive pieces of evidence against it. */
  readonly good: number;
  readonly bad: number;
  /** When the first request of the present run of good answers was sent, and when the last good answer came. */
  readonly goodSince: number;
  readonly quickAt: number;
  /** When the request of the last good answer was sent, and of the last late one. */
  readonly quickSentAt: number;
  readonly lateSentAt: number;
  /** The last sign of life, a refusal included: its host lives. */
  readonly heardAt: number;
  /** When a client of this node sent the first data that it got no byte for; it counts while it is later than `heardAt`. */
  readonly awaitedSince: number;
  readonly silence: Silence | undefined;
  /** What happened before no longer counts. */
  readonly countsFrom: number;
  /** Why the last evidence against it was that. */
  readonly reason: string;
}

const NEVER = Number.NEGATIVE_INFINITY;
/** So much of a client's waiting before the probe counts at most: what it asked for may rightly take long. */
const SUSPICION_MS = 1500;
/** Before, an answer that comes counts once, however late. */
const LATE_QUESTION_MS = 4000;

export function newHealth(now: number): Health {
  return {
    ...{ state: 'new', since: now, good: 0, bad: 0, goodSince: NEVER, quickAt: NEVER },
    ...{
      quickSentAt: NEVER,
      lateSentAt: NEVER,
      heardAt: NEVER,
      awaitedSince: NEVER,
      silence: undefined,
      countsFrom: now,
      reason: '',
    },
  };
}

/** The health after one more piece of evidence. */
export function score(health: Health, evidence: Evidence, thresholds: Thresholds, now: number): Health {
  const counted = count(health, evidence, now);
  const state = nextState(counted, evidence, thresholds, now);
  return state === health.state ? counted : { ...counted, state, since: now };
}

/** A sign of life that no probe asked for: bytes of other traffic. */
export function heard(health: Health, at: number): Health {
  const { silence } = health;
  const isOver = silence !== undefined && silence.since < at;
  return { ...health, heardAt: Math.max(health.heardAt, at), silence: isOver ? undefined : silence };
}

/** A client of this node sent data, and has got nothing since: silence begins with what was asked first, by whomever. */
export function awaited(health: Health, since: number): Health {
  const isFirst = health.awaitedSince <= health.heardAt && since > health.heardAt;
  return isFirst ? { ...health, awaitedSince: since } : health;
}

export function die(health: Health, now: number): Health {
  return { ...health, state: 'dead', since: now };
}

/** The end of "held": evidence from before no longer counts, and each has to be found dead anew. */
export function forgive(health: Health, now: number): Health {
  if (health.state !== 'dead' && health.state !== 'closing')
    return { ...health, bad: 0, silence: undefined, countsFrom: now };
  return newHealth(now);
}

function count(health: Health, evidence: Evidence, now: number): Health {
  if (evidence.kind === 'local-fault') return health;
  // Whoever was silent then may be back, and what was sent to it is lost.
  if (evidence.kind === 'host-silent' && evidence.since < health.countsFrom) return health;
  if (evidence.kind === 'ready') {
    const quickSentAt = now - evidence.latencyMs;
    const goodSince = health.good === 0 ? quickSentAt : health.goodSince;
    const good = health.good + 1;
    return {
      ...health,
      good,
      bad: 0,
      goodSince,
      quickSentAt,
      quickAt: now,
      heardAt: now,
      silence: undefined,
    };
  }
  const against = { ...health, good: 0, reason: reasonOf(evidence) };
  const bad = health.bad + 1;
  if (evidence.kind === 'process-silent') {
    const late = isLate(health, evidence, now) && { bad, lateSentAt: evidence.since };
    return { ...against, silence: silenceFrom(health, evidence), ...late };
  }
  if (evidence.kind === 'host-silent') return { ...against, bad, silence: silenceFrom(health, evidence) };
  const late = evidence.kind === 'late' && { lateSentAt: now - evidence.latencyMs };
  return { ...against, bad, heardAt: now, silence: undefined, ...late };
}

/** Silent on this question only, and for long: other bytes of it have come since, so it is alive. One answer may take a while. */
function isLate({ heardAt }: Health, evidence: Evidence, now: number): boolean {
  return (
    evidence.kind === 'process-silent' && heardAt > evidence.since && now - evidence.since >= LATE_QUESTION_MS
  );
}

function silenceFrom(health: Health, { kind, since }: Silent): Silence {
  const { silence, heardAt, countsFrom } = health;
  const from = Math.max(since, heardAt, countsFrom);
  if (kind === 'process-silent') {
    return { kind: 'process', since: Math.max(from - waitedMs(health, from), countsFrom), confirmed: true };
  }
  if (silence?.kind === 'host') return { ...silence, confirmed: true };
  // No sooner than the question: what was heard of another one before it does not show that this node's network works.
  return { kind: 'host', since: from, confirmed: false };
}

/** For so long a client had waited before `since`. */
function waitedMs({ awaitedSince, heardAt }: Health, since: number): number {
  return awaitedSince > heardAt ? Math.min(SUSPICION_MS, Math.max(0, since - awaitedSince)) : 0;
}

function nextState(health: Health, evidence: Evidence, { rise, fall }: Thresholds, now: number): HealthState {
  const { state, good, bad } = health;
  switch (evidence.kind) {
    case 'ready':
      return good >= rise ? 'ready' : state;
    case 'refused':
      return state === 'dead' ? 'dead' : 'closing';
    case 'late':
      // One that was taken for gone lives.
      return bad >= fall || state === 'dead' || state === 'closing' ? 'slow' : state;
    case 'process-silent':
      return isLate(health, evidence, now) && bad >= fall && (state === 'ready' || state === 'new')
        ? 'slow'
        : state;
    case 'not-ready':
    case 'closed':
      return bad >= fall ? 'draining' : state;
    default:
      return state;
  }
}

function reasonOf(evidence: Exclude<Evidence, { kind: 'ready' }>): string {
  return evidence.kind === 'late' ? `answered after ${Math.round(evidence.latencyMs)} ms` : evidence.reason;
}
