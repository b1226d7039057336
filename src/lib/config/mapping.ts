// A parsed document as what it has to be: a mapping of keys to values that are still to be checked.
import { refuse } from '../model/values.ts';

export type Mapping = Readonly<Record<string, unknown>>;

/** Throws UsageError. */
export function asRecord(value: unknown, name: string): Mapping {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Mapping;
  throw refuse(name, value, 'a mapping of keys to values is expected');
}
