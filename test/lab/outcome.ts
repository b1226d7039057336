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

/** As many in a row prove that it is over; a single one may have been late on a busy machine. */
const IN_A_ROW = 8;

/** From `faultAt` until whoever connects is served, so many in a row; 0 when none failed before. */
export function rightAfterMs(outcomes: Outcome[], faultAt: number): number {
  const since = outcomes.filter(({ at }) => at >= faultAt).toSorted((a, b) => a.at - b.at);
  const right = since.findIndex((_, index) => {
    const row = since.slice(index, index + IN_A_ROW);
    return row.length === IN_A_ROW && row.every(({ ok }) => ok);
  });
  const first = since[right];
  if (first === undefined) return Number.POSITIVE_INFINITY;
  return right === 0 ? 0 : Math.round(first.at - faultAt);
}

/** How many answers came from each master. */
export function byMaster(outcomes: Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { master } of outcomes) if (master !== undefined) counts[master] = (counts[master] ?? 0) + 1;
  return counts;
}
