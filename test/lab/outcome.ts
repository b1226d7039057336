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

/** From the first failed attempt's start to the last failed one's end; undefined when none failed. */
export function wrongWindow(outcomes: Outcome[]): { from: number; to: number; ms: number } | undefined {
  const failed = outcomes.filter(({ ok }) => !ok);
  const first = failed[0];
  const last = failed.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const to = last.at + last.ms;
  return { from: first.at, to, ms: Math.round(to - first.at) };
}

/** How many answers came from each master. */
export function byMaster(outcomes: Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { master } of outcomes) if (master !== undefined) counts[master] = (counts[master] ?? 0) + 1;
  return counts;
}
