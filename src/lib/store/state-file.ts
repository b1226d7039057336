// <persist-dir>/state.json: what this program changed on the node beyond its own virtual server, so that `clean` can
// put it back, and the daemon's last transitions. Not needed to keep the node working: a file that cannot be read is reported and begun anew.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { isProxyError, messageOf, ProxyError } from '../errors.ts';
import { STATE_FILE } from '../host/paths.ts';
import { readFileIfThere, writeFileIfChanged } from './atomic-file.ts';

export interface NodeState {
  /** Values of kernel parameters before we changed them first. */
  readonly sysctlsBefore: Readonly<Record<string, string>>;
  /** Oldest first; absent when there are none. */
  readonly events?: readonly NodeEvent[];
}

/** A transition: `object` ("real server 10.0.0.11:6443") went from one state to another at `time` (ISO 8601, UTC). */
export interface NodeEvent {
  readonly time: string;
  readonly object: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

const SCHEMA_VERSION = 1;
const EMPTY: NodeState = { sysctlsBefore: {} };

export function statePath(directory: string): string {
  return join(directory, STATE_FILE);
}

/** Where a damaged one is put. */
export function damagedStatePath(directory: string): string {
  return `${statePath(directory)}.broken`;
}

/** Throws ProxyError "state-unusable" when the file is not one of ours. */
export function loadState(directory: string): NodeState {
  const path = statePath(directory);
  const text = readFileIfThere(path);
  if (text === undefined) return EMPTY;
  try {
    const document: unknown = JSON.parse(text);
    if (isNodeState(document)) return readNodeState(document);
  } catch (error) {
    throw unusable(path, messageOf(error));
  }
  throw unusable(path, `it is not a state file of version ${SCHEMA_VERSION}`);
}

export function saveState(directory: string, state: NodeState): boolean {
  return writeFileIfChanged(
    statePath(directory),
    `${JSON.stringify({ version: SCHEMA_VERSION, ...state }, null, 2)}\n`,
  );
}

/**
 * A damaged file is put beside, so that what happens from now on is remembered. What is lost is what `clean` would put back.
 * Returns where it is now; undefined = it is sound. Throws ProxyError.
 */
export function putAsideIfDamaged(directory: string): string | undefined {
  try {
    loadState(directory);
    return undefined;
  } catch (error) {
    if (!isProxyError(error) || error.code !== 'state-unusable') throw error;
    const aside = damagedStatePath(directory);
    renameSync(statePath(directory), aside);
    return aside;
  }
}

/** Remembers values from before our first change; what is remembered already stays. */
export function rememberSysctls(directory: string, before: Readonly<Record<string, string>>): void {
  const state = loadState(directory);
  saveState(directory, { ...state, sysctlsBefore: { ...before, ...state.sysctlsBefore } });
}

/** Events that are not whole are left out: nothing hangs on them. */
function readNodeState({ sysctlsBefore, events }: NodeState): NodeState {
  const whole = Array.isArray(events) ? events.filter(isNodeEvent) : [];
  return { sysctlsBefore, ...(whole.length > 0 && { events: whole }) };
}

function isNodeEvent(value: unknown): value is NodeEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { time, object, from, to, why } = value as Record<string, unknown>;
  return [time, object, from, to, why].every(part => typeof part === 'string');
}

function isNodeState(document: unknown): document is NodeState & { version: number } {
  if (typeof document !== 'object' || document === null) return false;
  const { version, sysctlsBefore } = document as Record<string, unknown>;
  if (version !== SCHEMA_VERSION || typeof sysctlsBefore !== 'object' || sysctlsBefore === null) return false;
  return Object.values(sysctlsBefore).every(value => typeof value === 'string');
}

function unusable(path: string, why: string): ProxyError {
  return new ProxyError('state-unusable', `${path} cannot be used: ${why}`, {
    suggestions: [
      `move it away: mv ${path} ${path}.broken (kernel parameters are then not put back by clean)`,
    ],
  });
}
