// Reading single values, from flags (texts) and from a file (what YAML makes of it). Pure. Every refusal is a
// UsageError of one form: the name, what was given, the rule, and where it helps the remedy.
import { messageOf, UsageError } from '../errors.ts';
import { type HostPort, parseAddress, parseHostPort } from './address.ts';
import { expectOneOf } from './nearest.ts';

/** `name` is what the user calls the value: "--rise" or "key rise". Throws UsageError. */
export type Reader<T> = (value: unknown, name: string) => T;

export function refuse(name: string, value: unknown, rule: string): UsageError {
  return new UsageError(`${name} ${shown(value)}: ${rule}`);
}

function shown(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

export function text(expected: string): Reader<string> {
  return (value, name) => {
    if (typeof value === 'string' && value.trim() !== '') return value;
    throw refuse(name, value, `${expected} is expected`);
  };
}

export const boolean: Reader<boolean> = (value, name) => {
  if (typeof value === 'boolean') return value;
  throw refuse(name, value, 'true or false is expected');
};

export function oneOf<T extends string>(...names: readonly T[]): Reader<T> {
  return (value, name) => {
    const known = names.find(candidate => candidate === value);
    if (known !== undefined) return known;
    throw refuse(name, value, expectOneOf(value, names));
  };
}

export function integer(min: number, max: number, why = ''): Reader<number> {
  return (value, name) => {
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max)
      return number;
    throw refuse(name, value, `a whole number from ${min} to ${max} is expected${why}`);
  };
}

/** A list; a single value is not taken for one, so that a forgotten dash in YAML is noticed. */
export function listOf<T>(read: Reader<T>, expected: string): Reader<readonly T[]> {
  return (value, name) => {
    if (Array.isArray(value) && value.length > 0) return value.map(item => read(item, name));
    throw refuse(name, value, `a list of ${expected} is expected`);
  };
}

export function hostPort(remedy: string): Reader<HostPort> {
  return (value, name) => parsing(text('HOST:PORT')(value, name), name, remedy, parseHostPort);
}

export const address: Reader<string> = (value, name) =>
  parsing(text('an IP address')(value, name), name, 'give an address of this host', parseAddress);

function parsing<T>(value: string, name: string, remedy: string, parse: (text: string) => T): T {
  try {
    return parse(value);
  } catch (error) {
    throw refuse(name, value, `${messageOf(error)}; ${remedy}`);
  }
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "2s", "200ms", "1.5m": milliseconds. `why` gives the reason of the bounds. */
export function duration(min: string, max: string, why: string): Reader<number> {
  return (value, name) => {
    if (/^\d+(\.\d+)?$/.test(String(value)))
      throw refuse(name, value, `the unit is missing; write ${value}s or ${value}ms`);
    const milliseconds = typeof value === 'string' ? durationMs(value) : undefined;
    if (milliseconds === undefined) throw refuse(name, value, 'a duration like 2s, 200ms or 1m is expected');
    if (milliseconds >= Number(durationMs(min)) && milliseconds <= Number(durationMs(max)))
      return milliseconds;
    throw refuse(name, value, `a duration from ${min} to ${max} is expected: ${why}`);
  };
}

function durationMs(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value);
  return match === null ? undefined : Math.round(Number(match[1]) * Number(UNIT_MS[match[2] ?? '']));
}

/** Printable, as it stands in a request line. */
export const urlPath: Reader<string> = (value, name) => {
  if (typeof value === 'string' && /^\/[\x21-\x7e]*$/.test(value)) return value;
  throw refuse(name, value, 'a URL path that begins with / is expected, for example /readyz');
};

export const httpsUrl: Reader<string> = (value, name) => {
  if (typeof value === 'string' && /^https:\/\/[^/\s]/i.test(value) && URL.canParse(value)) return value;
  throw refuse(name, value, 'https://HOST:PORT is expected');
};
