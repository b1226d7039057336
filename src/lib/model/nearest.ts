// What somebody who mistyped a name probably meant: a command, a flag, a value, a key, a code. Pure.

/** "did you mean X?" where a known name is close; `otherwise` where none is. */
export function didYouMean(name: string, known: readonly string[], otherwise: string): string {
  const meant = nearest(name, known);
  return meant === undefined ? otherwise : `did you mean ${meant}?`;
}

/** What a value of a few is refused with. */
export function expectOneOf(value: unknown, names: readonly string[]): string {
  const meant = typeof value === 'string' ? nearest(value, names) : undefined;
  const expected = `one of ${names.join(' ')} is expected`;
  return meant === undefined ? expected : `${expected}; did you mean ${meant}?`;
}

/** Flags by the words that our texts, and the original program, have for what they mean. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  'virtual-server': 'vs',
  'virtual-address': 'vs',
  vip: 'vs',
  'real-server': 'rs',
  master: 'rs',
};

/** The flag that `typed` ("--real-sever", "-vs") was meant for; both are without dashes and value in `known`. */
export function nearestFlag(typed: string, known: readonly string[]): string | undefined {
  const name = typed.replace(/^-+|=.*$/gs, '');
  const words = Object.keys(OTHER_WORDS).filter(word => known.includes(OTHER_WORDS[word] ?? ''));
  const meant = nearest(name, [...known, ...words]);
  return meant === undefined || known.includes(meant) ? meant : OTHER_WORDS[meant];
}

/** Undefined when none is close. Case, dashes and underscores do not count: probe-interval is probeInterval. */
export function nearest<T extends string>(name: string, known: readonly T[]): T | undefined {
  const typed = plain(name);
  const [best] = known
    .map(candidate => ({ candidate, distance: editDistance(typed, plain(candidate)) }))
    // Of two as near, the one with the same first letter: it is seldom the mistyped one.
    .sort((a, b) => a.distance - b.distance || begins(b.candidate) - begins(a.candidate));
  if (best === undefined) return undefined;
  if (best.distance === 0) return best.candidate;
  const isNear = best.distance <= Math.max(1, Math.floor(typed.length / 3));
  return begunBy(typed, known) ?? (isNear ? best.candidate : undefined);

  function begins(candidate: string): number {
    return plain(candidate)[0] === typed[0] ? 1 : 0;
  }
}

/** Fewer letters begin too much. */
const MIN_BEGINNING = 3;

/** The only name that begins so. */
function begunBy<T extends string>(beginning: string, known: readonly T[]): T | undefined {
  if (beginning.length < MIN_BEGINNING) return undefined;
  const [only, ...others] = known.filter(candidate => plain(candidate).startsWith(beginning));
  return others.length === 0 ? only : undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

/** Letters to insert, delete, replace, or swap with the next one (optimal string alignment), one row at a time. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const replaced = Number(row[column - 1]) + (from[line - 1] === to[column - 1] ? 0 : 1);
      const isSwap = from[line - 1] === to[column - 2] && from[line - 2] === to[column - 1];
      const swapped = line > 1 && column > 1 && isSwap ? Number(before[column - 2]) + 1 : replaced;
      next.push(Math.min(replaced, swapped, Number(row[column]) + 1, Number(next[column - 1]) + 1));
    }
    before = row;
    row = next;
  }
  return Number(row[to.length]);
}
