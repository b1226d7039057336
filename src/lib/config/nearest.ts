// The name that somebody who mistyped another one probably meant. Pure.

/** Undefined when none is close. Case, dashes and underscores do not count: probe-interval is probeInterval. */
export function nearest<T extends string>(name: string, known: readonly T[]): T | undefined {
  const ranked = known
    .map(candidate => ({ candidate, distance: editDistance(plain(name), plain(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best === undefined) return undefined;
  return best.distance <= Math.max(1, Math.floor(plain(name).length / 3)) ? best.candidate : undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

/** Letters to insert, delete or replace (Levenshtein), one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = Number(row[column]) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, Number(row[column + 1]) + 1, Number(next[column]) + 1));
    }
    row = next;
  }
  return Number(row[to.length]);
}
