// Flags as Go programs take them: one dash or two, the value behind a blank or an equals sign, in any order. Pure.
import { UsageError } from '../lib/errors.ts';

/** A new command line, and what of the old one means nothing any more. */
export interface Translated {
  readonly argv: readonly string[];
  readonly notes: readonly string[];
}

/** A switch takes a value only behind an equals sign. */
export type FlagKinds = Readonly<Record<string, 'value' | 'switch'>>;

/** The name of a flag, without dashes and value; undefined for any other word. */
export function nameOf(word: string): string | undefined {
  return /^--?([A-Za-z][\w-]*)(?:=|$)/.exec(word)?.[1];
}

/** The values of each flag in the order in which they were given. Throws UsageError. */
export function parseFlags(argv: readonly string[], kinds: FlagKinds): ReadonlyMap<string, string[]> {
  const values = new Map<string, string[]>();
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const name = nameOf(word);
    if (name === undefined) throw new UsageError(`${word}: a flag is expected, of the form -name value`);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const known = Object.keys(kinds).map(each => `-${each}`);
      throw new UsageError(`${word}: unknown flag of the old form; it has ${known.join(' ')}`);
    }
    const inline = word.includes('=') ? word.slice(word.indexOf('=') + 1) : undefined;
    const value = inline ?? (kind === 'switch' ? 'true' : words.shift());
    const forgotten =
      value === undefined || (inline === undefined && Object.hasOwn(kinds, nameOf(value) ?? ''));
    if (forgotten) throw new UsageError(`${word}: its value is missing`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}
