// The persisted set, <persist-dir>/ipvsConfig.yaml: what the boot restore applies without asking anybody.
// Keys vs, rs and scheduler are those of the original program, which ignores the others, so that one can go back.
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { messageOf, ProxyError } from '../errors.ts';
import { PERSISTED_FILE } from '../host/paths.ts';
import { formatHostPort, parseAddress, parseHostPort } from '../model/address.ts';
import { DEFAULT_SCHEDULER, isScheduler, isSchedulerFlag } from '../model/scheduler.ts';
import { type ProxySpec, validateSpec } from '../model/spec.ts';
import { readFileIfThere, writeFileAtomic } from './atomic-file.ts';

export interface LoadedSet {
  readonly spec: ProxySpec;
  readonly path: string;
  /** Why the current file was not used; the spec then comes from the previous copy. */
  readonly problem?: string;
}

export function persistedPath(directory: string): string {
  return join(directory, PERSISTED_FILE);
}

function previousPath(directory: string): string {
  return `${persistedPath(directory)}.prev`;
}

/**
 * The current file, or its previous good copy when the current one cannot be used.
 * Undefined when neither exists; ProxyError "persisted-unusable" when what exists cannot be used.
 */
export function loadPersisted(directory: string): LoadedSet | undefined {
  const current = attempt(persistedPath(directory));
  if (current !== undefined && 'spec' in current) return current;
  const previous = attempt(previousPath(directory));
  if (previous !== undefined && 'spec' in previous) {
    const problem = current?.problem ?? `${persistedPath(directory)} is missing`;
    return { ...previous, problem };
  }
  if (current === undefined && previous === undefined) return undefined;
  throw new ProxyError('persisted-unusable', current?.problem ?? previous?.problem ?? '', {
    suggestions: ['write it anew: bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT'],
  });
}

/** Writes only when something changed, and keeps the previous good copy. Returns whether it wrote. */
export function savePersisted(directory: string, spec: ProxySpec): boolean {
  validateSpec(spec);
  const path = persistedPath(directory);
  const contents = formatPersisted(spec);
  const before = attempt(path);
  if (before !== undefined && 'spec' in before && formatPersisted(before.spec) === contents) return false;
  if (before !== undefined && 'spec' in before)
    writeFileAtomic(previousPath(directory), formatPersisted(before.spec));
  writeFileAtomic(path, contents);
  return true;
}

export function formatPersisted(spec: ProxySpec): string {
  return stringify({
    rs: spec.realServers.map(formatHostPort),
    scheduler: spec.scheduler,
    vs: formatHostPort(spec.virtualServer),
    ...(spec.schedulerFlags.length > 0 && { schedulerFlags: [...spec.schedulerFlags] }),
    ...(spec.sourceIp !== undefined && { sourceIp: spec.sourceIp }),
    ...(!spec.route && { route: false }),
  });
}

/** Throws a ProxyError that says what is wrong with the text. */
export function parsePersisted(text: string): ProxySpec {
  const document = parseDocument(text);
  const scheduler = document.scheduler ?? DEFAULT_SCHEDULER;
  if (typeof scheduler !== 'string' || !isScheduler(scheduler))
    throw unusable('scheduler', 'a scheduler name', scheduler);
  const flags = listOf(document, 'schedulerFlags', false);
  const badFlag = flags.find(flag => !isSchedulerFlag(flag));
  if (badFlag !== undefined) throw unusable('schedulerFlags', 'scheduler flags', badFlag);
  const sourceIp = document.sourceIp;
  const spec: ProxySpec = {
    virtualServer: reading('vs', document.vs, parseHostPort),
    realServers: listOf(document, 'rs', true).map(text => reading('rs', text, parseHostPort)),
    scheduler,
    schedulerFlags: flags.filter(isSchedulerFlag),
    sourceIp: sourceIp === undefined ? undefined : reading('sourceIp', sourceIp, parseAddress),
    route: document.route !== false,
  };
  validateSpec(spec);
  return spec;
}

function attempt(path: string): LoadedSet | { problem: string } | undefined {
  try {
    const text = readFileIfThere(path);
    return text === undefined ? undefined : { spec: parsePersisted(text), path };
  } catch (error) {
    const message = messageOf(error);
    return { problem: message.startsWith(path) ? message : `${path} cannot be used: ${message}` };
  }
}

/** What the file may hold; each value is checked before it is believed. */
interface PersistedDocument {
  readonly vs?: unknown;
  readonly rs?: unknown;
  readonly scheduler?: unknown;
  readonly schedulerFlags?: unknown;
  readonly sourceIp?: unknown;
  readonly route?: unknown;
}

function parseDocument(text: string): PersistedDocument {
  if (text.trim() === '') throw new ProxyError('persisted-unusable', 'it is empty');
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new ProxyError('persisted-unusable', `it is not YAML (${messageOf(error).split('\n')[0]})`, {
      cause: error,
    });
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
    return document as PersistedDocument;
  }
  throw new ProxyError('persisted-unusable', 'it holds no mapping with the keys vs, rs and scheduler');
}

function listOf(document: PersistedDocument, key: 'rs' | 'schedulerFlags', required: boolean): string[] {
  const value = document[key] ?? [];
  const isList = Array.isArray(value) && value.every(item => typeof item === 'string');
  if (!isList || (required && value.length === 0))
    throw unusable(key, 'a list of at least one text', document[key]);
  return value;
}

function reading<T>(key: string, value: unknown, parseText: (text: string) => T): T {
  if (typeof value !== 'string') throw unusable(key, 'a text', value);
  try {
    return parseText(value);
  } catch (error) {
    throw new ProxyError('persisted-unusable', `key ${key}: ${value}: ${messageOf(error)}`, { cause: error });
  }
}

function unusable(key: string, expected: string, got: unknown): ProxyError {
  const found = got === undefined ? 'nothing' : JSON.stringify(got);
  return new ProxyError('persisted-unusable', `key ${key} should be ${expected}, found ${found}`);
}
