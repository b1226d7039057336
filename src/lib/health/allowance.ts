// How often this node's connections are looked at: four times a second, and as often as one percent of a core allows where a
// look is dear. Pure.

const AT_LEAST_MS = 250;
const AT_MOST_MS = 2000;
/** Looks may cost one percent of a core, as long as one costs less than 20 ms. */
const SHARE = 0.01;
/** A minute's worth may be spent in advance: the first looks are the slowest, and a node that starts has most to look for. */
export const FULL_ALLOWANCE_MS = 60_000 * SHARE;

/** What looks may cost from now on (ms of CPU time; less than 0 = what is owed), after one that cost `cpuMs`. */
export function allowanceAfter(allowanceMs: number, sinceLastMs: number, cpuMs: number): number {
  const earned = Math.min(FULL_ALLOWANCE_MS, allowanceMs + sinceLastMs * SHARE);
  return Math.max(earned - cpuMs, -AT_MOST_MS * SHARE);
}

/** When to look again. */
export function nextLookInMs(allowanceMs: number): number {
  return Math.max(AT_LEAST_MS, -allowanceMs / SHARE);
}
