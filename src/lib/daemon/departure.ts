// What it means that discovery no longer names a master: somebody withdrew it, or it does not live. Pure.
import type { Evidence } from '../health/evidence.ts';
import type { Health } from '../health/scoreboard.ts';

export interface Departure {
  /** Monotonic milliseconds; it may be before this process began. */
  readonly at: number;
  /** Milliseconds since 1970, for the next process and for people: that clock may be set. */
  readonly since: number;
  /** Undecided: it was not asked yet how it is. */
  readonly kind: 'withdrawn' | 'missing' | 'undecided';
}

/**
 * An apiserver that ends in order closes its listener and has its address withdrawn at once; the lease of a crashed one ends
 * after 5 s at the soonest (docs/kernel-facts.md, K24, K80).
 */
const ORDERLY_MS = 5000;
/**
 * The address of one that was seen to end in order may be withdrawn by another master, with the lease that this one renews
 * each 10 s. What leaves later does not leave because of that end.
 */
const SEEN_ORDERLY_MS = 15_000;
const ANSWERS: ReadonlySet<string> = new Set(['ready', 'late', 'not-ready']);

/** `last` is the evidence that led to `health`. */
export function kindOfDeparture(
  { health, last }: { readonly health: Health; readonly last: Evidence | undefined },
  now: number,
): Departure['kind'] {
  if (last === undefined || last.kind === 'local-fault') return 'undecided';
  const { state, since, silence, quickAt } = health;
  const orderlyMs = last.kind === 'refused' && last.inOrder ? SEEN_ORDERLY_MS : ORDERLY_MS;
  const endsInOrder = state === 'closing' && now - since < orderlyMs && Number.isFinite(quickAt);
  if (state === 'dead' || silence !== undefined || (state === 'closing' && !endsInOrder)) return 'missing';
  return 'withdrawn';
}

/** It was withdrawn a moment ago and still serves: a boot can begin with it. Discovery may name one after the other. */
export function isBootable(
  departure: Departure,
  { state }: Health,
  patience: Patience,
  now: number,
): boolean {
  return departure.kind === 'withdrawn' && state === 'ready' && isAwaited(departure, patience, now);
}

/** The first evidence about one that had left before it was asked. */
export function settle(departure: Departure, { kind }: Evidence): Departure {
  if (departure.kind !== 'undecided' || kind === 'local-fault') return departure;
  return { ...departure, kind: ANSWERS.has(kind) ? 'withdrawn' : 'missing' };
}

/** Nobody is left: one that was withdrawn a moment ago may have been the first of all to end, and is then waited for, too. */
export function outlast(departure: Departure, patience: Patience, now: number): Departure {
  return departure.kind === 'withdrawn' && isAwaited(departure, patience, now)
    ? { ...departure, kind: 'missing' }
    : departure;
}

const HOUR_MS = 3_600_000;

/**
 * When it left, by the clock as it is now (`wall`): one that was set meanwhile must make the next process neither forget nor
 * remember for years. To the hour then, so that it stays the same.
 */
export function leftSince({ at, since }: Departure, now: number, wall: number): number {
  const shouldBe = wall - (now - at);
  return Math.abs(shouldBe - since) < HOUR_MS ? since : Math.floor(shouldBe / HOUR_MS) * HOUR_MS;
}

export interface Patience {
  /** One that was withdrawn is known for so long. */
  readonly drainTimeoutMs: number;
  /** One that is missing is remembered for so long. */
  readonly rememberMs: number;
}

/** `now` is monotonic, as `at`. */
export function isAwaited({ at, kind }: Departure, patience: Patience, now: number): boolean {
  return (
    kind === 'undecided' || now - at < (kind === 'missing' ? patience.rememberMs : patience.drainTimeoutMs)
  );
}
