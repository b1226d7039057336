// <persist-dir>/masters.json: masters that discovery no longer names. Apiservers take a dead one out of the EndpointSlice by
// themselves when its lease ends, so that leaving means nothing by itself. The set that boots (persisted-set.ts) is without
// them; who restores it knows whom to ask when nobody of it answers.
import { join } from 'node:path';
import { messageOf, ProxyError } from '../errors.ts';
import { MEMORY_FILE } from '../host/paths.ts';
import {
  compareHostPort,
  equalHostPort,
  formatHostPort,
  type HostPort,
  parseHostPort,
} from '../model/address.ts';
import { MAX_REAL_SERVERS, realServerProblem } from '../model/spec.ts';
import { readFileIfThere, writeFileIfChanged } from './atomic-file.ts';

export interface RememberedMaster extends HostPort {
  /** When it left discovery, ms since 1970: it is remembered for days, over reboots. */
  readonly since: number;
  /** Missing: it left while it was dead. Withdrawn: while it lived, a moment ago; it may be the first of all to end. */
  readonly kind: (typeof KINDS)[number];
}

/** Each is a list of its own in the file. */
const KINDS = ['missing', 'withdrawn'] as const;

const SCHEMA_VERSION = 1;

export function memoryPath(directory: string): string {
  return join(directory, MEMORY_FILE);
}

/** Of this virtual server. Throws ProxyError "memory-unusable" when the file is not one of ours. */
export function loadMemory(directory: string, virtualServer: HostPort): RememberedMaster[] {
  const path = memoryPath(directory);
  const text = readFileIfThere(path);
  return text === undefined ? [] : parseMemory(text, virtualServer, path);
}

/** Returns whether it wrote. */
export function saveMemory(
  directory: string,
  virtualServer: HostPort,
  masters: readonly RememberedMaster[],
): boolean {
  const path = memoryPath(directory);
  if (masters.length === 0 && readFileIfThere(path) === undefined) return false;
  return writeFileIfChanged(path, formatMemory(virtualServer, masters));
}

/** The oldest are left out beyond what can serve at all. */
export function formatMemory(virtualServer: HostPort, masters: readonly RememberedMaster[]): string {
  const kept = masters
    .toSorted((a, b) => b.since - a.since || compareHostPort(a, b))
    .slice(0, MAX_REAL_SERVERS);
  const entriesOf = (kind: RememberedMaster['kind']) =>
    kept
      .filter(one => one.kind === kind)
      .map(one => ({ address: formatHostPort(one), since: new Date(one.since).toISOString() }));
  const document = {
    ...{ version: SCHEMA_VERSION, vs: formatHostPort(virtualServer) },
    ...Object.fromEntries(KINDS.map(kind => [kind, entriesOf(kind)])),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function parseMemory(text: string, virtualServer: HostPort, path: string): RememberedMaster[] {
  try {
    const { version, vs, missing, withdrawn = [] } = JSON.parse(text) as Record<string, unknown>;
    const isOurs = typeof vs === 'string' && Array.isArray(missing) && Array.isArray(withdrawn);
    if (version !== SCHEMA_VERSION || !isOurs)
      throw new Error(`it is not a file of version ${SCHEMA_VERSION}`);
    if (!equalHostPort(parseHostPort(vs), virtualServer)) return [];
    const all = [
      ...missing.map(entry => readEntry(entry, 'missing')),
      ...withdrawn.map(entry => readEntry(entry, 'withdrawn')),
    ];
    return all.filter(one => realServerProblem(one, virtualServer) === undefined).slice(0, MAX_REAL_SERVERS);
  } catch (error) {
    throw new ProxyError('memory-unusable', `${path} cannot be used: ${messageOf(error)}`, {
      suggestions: [`it is written anew when a master is missing; move it away: mv ${path} ${path}.broken`],
    });
  }
}

function readEntry(entry: unknown, kind: RememberedMaster['kind']): RememberedMaster {
  const { address, since } = (entry ?? {}) as Record<string, unknown>;
  const time = typeof since === 'string' ? Date.parse(since) : Number.NaN;
  if (typeof address !== 'string' || Number.isNaN(time))
    throw new Error('an entry is not of the form {"address": "HOST:PORT", "since": "..."}');
  return { ...parseHostPort(address), since: time, kind };
}
