// What is whole in a damaged file of lines: all of it but one line. Better a set without one master than a node that boots
// without an API. Pure.

export interface Salvaged<T> {
  readonly value: T;
  /** What was done to it, for people. */
  readonly how: string;
}

/** Many more than a set of real servers has: without each of them in turn the text is parsed. */
const MAX_LINES = 200;

/** `parse` throws for a text that is not whole. Undefined where leaving out one line is not enough. */
export function salvage<T>(text: string, parse: (text: string) => T): Salvaged<T> | undefined {
  const lines = text.split('\n');
  if (lines.length > MAX_LINES) return undefined;
  const last = lines.pop() ?? '';
  if (last === '') return withoutOne(lines, parse);
  // Nobody knows whether a last line without its end is whole, unless it ends with a port that others have, too.
  if (!endsWithPortOf(last, lines))
    return attempt(lines, parse, `line ${lines.length + 1} has no end and is left out`);
  const all = [...lines, last];
  return attempt(all, parse, 'the end of the last line is missing') ?? withoutOne(all, parse);
}

function withoutOne<T>(lines: readonly string[], parse: (text: string) => T): Salvaged<T> | undefined {
  for (const index of lines.keys()) {
    const found = attempt(lines.toSpliced(index, 1), parse, `line ${index + 1} is left out`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function attempt<T>(
  lines: readonly string[],
  parse: (text: string) => T,
  how: string,
): Salvaged<T> | undefined {
  try {
    return { value: parse(`${lines.join('\n')}\n`), how };
  } catch {
    return undefined;
  }
}

function endsWithPortOf(last: string, others: readonly string[]): boolean {
  const port = /:\d+["']?$/.exec(last)?.[0];
  return port !== undefined && others.some(line => line.endsWith(port));
}
