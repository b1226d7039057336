// How soon a master is asked again. Nothing here makes a node ask more of a master that is in trouble than of one that is
// well, beyond the one question that settles what the last answer left open. Pure.
import type { Evidence } from './evidence.ts';
import type { Health, Thresholds } from './scoreboard.ts';

export interface Pace {
  readonly intervalMs: number;
  readonly thresholds: Thresholds;
  /** Nobody serves: the first that returns is to be found at once. */
  readonly held: boolean;
  /** 0 to 1 */
  readonly random: number;
}

/** A question that settles something follows this soon. */
const SETTLE_IN_MS = 100;
const FIRST_BACKOFF_MS = 500;
/** One question a second; one that nobody acknowledged has taken half of it. */
const HELD_CEILING_MS = 1000;
const HELD_CEILING_SILENT_MS = 500;
/** +-20 %: thousands of nodes that were started together must not ask together. */
const JITTER = 0.2;

/** `last` is the evidence that led to `health`. */
export function nextProbeInMs(health: Health, last: Evidence, pace: Pace): number {
  const { intervalMs, thresholds, held, random } = pace;
  const spread = 1 - JITTER + 2 * JITTER * random;
  if (isOpen(health, last, thresholds)) return Math.min(SETTLE_IN_MS, intervalMs);
  if (!isBackedOff(health, last)) return intervalMs * spread;
  const heldCeilingMs = last.kind === 'host-silent' ? HELD_CEILING_SILENT_MS : HELD_CEILING_MS;
  const ceiling = held ? Math.min(heldCeilingMs, intervalMs) : intervalMs;
  return Math.min(ceiling, FIRST_BACKOFF_MS * 2 ** Math.min(health.bad - 1, 10)) * spread;
}

/** The last answer points to another state, but the threshold is not reached: the next one decides. */
function isOpen(
  { state, good, bad, silence }: Health,
  { kind }: Evidence,
  { rise, fall }: Thresholds,
): boolean {
  if (kind === 'host-silent') return silence?.confirmed !== true;
  if (kind === 'local-fault' || kind === 'refused') return false;
  if (good > 0) return state !== 'ready' && good < rise;
  return (state === 'ready' || state === 'new') && bad < fall;
}

/** There is nobody to ask, or nothing to ask with. */
function isBackedOff({ state }: Health, { kind }: Evidence): boolean {
  return state === 'dead' || state === 'closing' || kind === 'host-silent' || kind === 'local-fault';
}
