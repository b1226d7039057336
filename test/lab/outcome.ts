// What a client saw, and what follows from it for how long a virtual IP was wrong.

export interface Outcome {
  /** Start of the attempt, in ms on the machine's clock (see `Network.now`). */
  at: number;
  /** How long it took. */
  ms: number;
  ok: boolean;
  status?: number | undefined;
  error?: string;
  master?: string;
  client?: string;
}

/** From the start of the first failed attempt to the end of the last; the outcomes come in any order; undefined when none failed. */
export function wrongWindow(outcomes: Outcome[]): { from: number; to: number; ms: number } | undefined {
  const failed = outcomes.filter(({ ok }) => !ok);
  if (failed.length === 0) return undefined;
  const from = Math.min(...failed.map(({ at }) => at));
  const to = Math.max(...failed.map(({ at, ms }) => at + ms));
  return { from, to, ms: Math.round(to - from) };
}

/** From `faultAt` to the start of the last failed attempt: whoever connects later is served. 0 when none failed. */
export function rightAfterMs(outcomes: Outcome[], faultAt: number): number {
  return Math.round(Math.max(0, ...outcomes.filter(({ ok }) => !ok).map(({ at }) => at - faultAt)));
}

/** How many answers came from each master. */
export function byMaster(outcomes: Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { master } of outcomes) if (master !== undefined) counts[master] = (counts[master] ?? 0) + 1;
  return counts;
}
