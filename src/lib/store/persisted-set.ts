// The persisted set, <persist-dir>/ipvsConfig.yaml: what the boot restore applies without asking anybody.
// Keys vs, rs and scheduler are those of the original program, which ignores the others, so that one can go back.
//
// INVARIANT: a file cut off anywhere is not taken for a whole one. Keys are written in alphabetical order, as the
// original writes them, so "vs" comes last: what is cut off lacks it, or the newline behind it. Where no whole file is
// left, what is whole in the damaged one serves (salvage.ts), and the rest is told.
import { join } from 'node:path';
import { stringify } from 'yaml';
import { describeYamlError, isProxyError, messageOf, ProxyError } from '../errors.ts';
import { PERSISTED_FILE } from '../host/paths.ts';
import { formatHostPort } from '../model/address.ts';
import { type ProxySpec, type SpecNames, validateSpec } from '../model/spec.ts';
import { readSpecValues, specOf } from '../model/spec-values.ts';
import { readFileIfThere, writeFileAtomic } from './atomic-file.ts';
import { salvage } from './salvage.ts';
import { parseYaml } from './yaml.ts';

const WRITE_ANEW = 'write it anew: bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT';

export interface LoadedSet {
  readonly spec: ProxySpec;
  readonly path: string;
  /** Why the current file was not used as it is; `path` then is the previous copy, or the file of which a part was used. */
  readonly problem?: string;
}

export function persistedPath(directory: string): string {
  return join(directory, PERSISTED_FILE);
}

function previousPath(directory: string): string {
  return `${persistedPath(directory)}.prev`;
}

/**
 * The current file, or its previous good copy when the current one cannot be used, or what is whole in one of them.
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
  const unusable = current ?? previous;
  if (unusable === undefined) return undefined;
  const part = attemptPart(persistedPath(directory)) ?? attemptPart(previousPath(directory));
  if (part !== undefined) return { ...part, problem: `${unusable.problem}; ${part.problem}` };
  throw new ProxyError('persisted-unusable', unusable.problem, { suggestions: unusable.suggestions });
}

/** The current file says this already, in whatever words: saving would change nothing. */
export function isPersisted(directory: string, spec: ProxySpec): boolean {
  const current = attempt(persistedPath(directory));
  return (
    current !== undefined && 'spec' in current && formatPersisted(current.spec) === formatPersisted(spec)
  );
}

/** Writes only when something changed, and keeps the previous good copy. Returns whether it wrote. */
export function savePersisted(directory: string, spec: ProxySpec): boolean {
  validateSpec(spec);
  if (isPersisted(directory, spec)) return false;
  const path = persistedPath(directory);
  const before = attempt(path);
  if (before !== undefined && 'spec' in before)
    writeFileAtomic(previousPath(directory), formatPersisted(before.spec));
  writeFileAtomic(path, formatPersisted(spec));
  return true;
}

export function formatPersisted(spec: ProxySpec): string {
  return stringify({
    ...(spec.mtu !== undefined && { mtu: spec.mtu }),
    ...(!spec.route && { route: false }),
    rs: spec.realServers.map(formatHostPort),
    scheduler: spec.scheduler,
    ...(spec.schedulerFlags.length > 0 && { schedulerFlags: [...spec.schedulerFlags] }),
    ...(spec.sourceIp !== undefined && { sourceIp: spec.sourceIp }),
    vs: formatHostPort(spec.virtualServer),
  });
}

/** Throws a ProxyError that says what is wrong with the text. */
export function parsePersisted(text: string): ProxySpec {
  const { vs, ...values } = readSpecValues(parseDocument(text), key => `key ${key}`);
  if (vs === undefined) throw new ProxyError('persisted-unusable', 'key vs is missing: VIP:PORT is expected');
  const spec = specOf({ ...values, vs });
  validateSpec(spec, KEYS);
  return spec;
}

const KEYS: SpecNames = {
  vs: 'key vs',
  rs: 'key rs',
  scheduler: 'key scheduler',
  schedulerFlags: 'key schedulerFlags',
  sourceIp: 'key sourceIp',
};

interface Unusable {
  readonly problem: string;
  readonly suggestions: string[];
}

function attempt(path: string): LoadedSet | Unusable | undefined {
  try {
    const text = readFileIfThere(path);
    return text === undefined ? undefined : { spec: parsePersisted(text), path };
  } catch (error) {
    const message = messageOf(error);
    const problem = message.startsWith(path) ? message : `${path} cannot be used: ${message}`;
    const suggestions = isProxyError(error) ? error.suggestions : [];
    return { problem, suggestions: suggestions.length > 0 ? suggestions : [WRITE_ANEW] };
  }
}

function attemptPart(path: string): (LoadedSet & { problem: string }) | undefined {
  let text: string | undefined;
  try {
    text = readFileIfThere(path);
  } catch {
    return undefined; // Why was told by attempt().
  }
  // Of two VIPs nobody knows which one is meant, and `clean` would remove by guess.
  const isClear = text?.match(/^vs:/gm)?.length === 1;
  const found = text !== undefined && isClear ? salvage(text, parsePersisted) : undefined;
  return found && { spec: found.value, path, problem: found.how };
}

function parseDocument(text: string): Record<string, unknown> {
  if (text.trim() === '') throw new ProxyError('persisted-unusable', 'it is empty');
  if (!text.endsWith('\n')) {
    throw new ProxyError('persisted-unusable', 'it was cut off: no newline ends its last line');
  }
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw new ProxyError('persisted-unusable', `it is not YAML (${describeYamlError(error)})`);
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
    return document as Record<string, unknown>;
  }
  throw new ProxyError('persisted-unusable', 'it holds no mapping with the keys vs, rs and scheduler');
}
