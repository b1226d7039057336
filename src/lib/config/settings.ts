// Everything that can be set, by its key in a configuration file; the flag is the same in kebab-case (probeInterval,
// --probe-interval). One source of values (flags, a file) becomes one Settings object. Pure.
import type { HostPort } from '../model/address.ts';
import { didYouMean } from '../model/nearest.ts';
import { SPEC_READERS } from '../model/spec-values.ts';
import {
  duration,
  hostPort,
  httpsUrl,
  integer,
  listOf,
  oneOf,
  type Reader,
  refuse,
  text,
  urlPath,
} from '../model/values.ts';

const LISTEN = 'write HOST:PORT, for example 127.0.0.1:8004, or none';
const STEADY = '; more of them in a row delay a failover by minutes';

const READERS = {
  ...SPEC_READERS,
  /** Discovery. */
  discovery: oneOf('endpoints', 'nodes', 'static'),
  kubeconfig: text('the path of a kubeconfig'),
  server: httpsUrl,
  /** Probes. No relation of timeout to interval: the next probe starts an interval after the answer to the last. */
  probe: oneOf('readyz', 'livez', 'healthz', 'tcp', 'none'),
  probePath: urlPath,
  probeStatus: listOf(integer(100, 599), 'HTTP status codes'),
  probeInterval: duration(
    '100ms',
    '10m',
    'faster is a load on every apiserver, slower is no watch over them',
  ),
  probeTimeout: duration(
    '50ms',
    '60s',
    'no answer over a network is surely late before, or still useful after',
  ),
  hangTime: duration('100ms', '5m', 'sooner cuts masters that are only slow, later leaves clients hanging'),
  rise: integer(1, 10, STEADY),
  fall: integer(1, 10, STEADY),
  caFile: text('the path of a PEM file'),
  tokenFile: text('the path of a file with a bearer token'),
  clientCertificate: text('the path of a PEM file'),
  clientKey: text('the path of a PEM file'),
  /** The rest. */
  drainTimeout: duration('0s', '24h', 'a drained master that is waited for longer is forgotten'),
  remember: duration('0s', '365d', 'a master that is dead for longer was removed'),
  listen: (value: unknown, name: string) => (value === 'none' ? value : hostPort(LISTEN)(value, name)),
  persistDir: text('the path of a directory'),
  logFormat: oneOf('auto', 'json', 'text'),
} satisfies Record<string, Reader<unknown>>;

const LISTS = ['rs', 'schedulerFlags', 'probeStatus'] as const satisfies (keyof typeof READERS)[];

export type Key = keyof typeof READERS;
/** Durations are milliseconds. */
export type Settings = { readonly [K in Key]?: ReturnType<(typeof READERS)[K]> };

export interface FileSettings {
  readonly settings: Settings;
  /** What the file calls one of our keys: "key vs", "key proxyLvs.virtualAddress". */
  readonly nameOf: (key: Key) => string;
  /** One sentence each, for stderr. */
  readonly notes: readonly string[];
}

export const KEYS = Object.keys(READERS) as Key[];

export function isKey(name: string): name is Key {
  return Object.hasOwn(READERS, name);
}

export function flagName(key: Key): string {
  return key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}

/** What is undefined is not set. Throws UsageError. */
export function readSettings(raw: Readonly<Record<string, unknown>>, nameOf: (key: Key) => string): Settings {
  const given = KEYS.filter(key => raw[key] !== undefined);
  return Object.fromEntries(given.map(key => [key, READERS[key](raw[key], nameOf(key))]));
}

/** Flags as oclif hands them over, environment included; other flags than ours are passed over. */
export function readFlags(flags: Readonly<Record<string, unknown>>): Settings {
  const raw: Record<string, unknown> = Object.fromEntries(KEYS.map(key => [key, flags[flagName(key)]]));
  for (const key of LISTS) if (raw[key] !== undefined) raw[key] = itemsOf(raw[key]);
  return readSettings(raw, key => `--${flagName(key)}`);
}

/** Of a flag beside those that are settings. */
export function readRealServers(value: unknown, name: string): readonly HostPort[] {
  return READERS.rs(itemsOf(value), name);
}

/** oclif splits a list at its commas on the command line, but not one from the environment. */
function itemsOf(value: unknown): unknown[] {
  return [value]
    .flat()
    .flatMap(item => (typeof item === 'string' ? item.split(',').map(part => part.trim()) : item));
}

/** A file's document of our own form. */
export function readDocument(document: Readonly<Record<string, unknown>>): Settings {
  const unknown = Object.keys(document).find(name => !isKey(name));
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, KEYS, `the keys are ${KEYS.join(' ')}`);
    throw refuse('key', unknown, `unknown; ${hint}`);
  }
  return readSettings(document, key => `key ${key}`);
}

/** A key that says more about another one; it means nothing beside another value of that one. */
const QUALIFIES: Partial<Record<Key, Key>> = {
  schedulerFlags: 'scheduler',
  probePath: 'probe',
  probeStatus: 'probe',
};

/** `above` wins, key by key. */
export function overlay(above: Settings, below: Settings): Settings {
  const kept = Object.entries(below).filter(([key]) => {
    const qualified = isKey(key) ? QUALIFIES[key] : undefined;
    if (qualified === undefined || above[qualified] === undefined || below[qualified] === undefined)
      return true;
    return above[qualified] === below[qualified];
  });
  return { ...Object.fromEntries(kept), ...above };
}
