// What our files on this node say: the persisted set, and the daemon's last transitions.
import { statSync } from 'node:fs';
import { isProxyError } from '../../errors.ts';
import type { HostPort } from '../../model/address.ts';
import { loadMemory } from '../../store/memory.ts';
import { loadPersisted, persistedPath } from '../../store/persisted-set.ts';
import { loadState } from '../../store/state-file.ts';
import type { EventFacts, MissingFacts, PersistedFacts } from '../report.ts';

export function collectPersisted(directory: string): PersistedFacts {
  const nothing = { path: persistedPath(directory), spec: undefined, ageS: undefined };
  try {
    const loaded = loadPersisted(directory);
    if (loaded === undefined) return { ...nothing, problem: undefined };
    return { path: loaded.path, spec: loaded.spec, ageS: ageOf(loaded.path), problem: loaded.problem };
  } catch (error) {
    if (isProxyError(error)) return { ...nothing, problem: error.message };
    throw error;
  }
}

function ageOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && secondsSince(stat.mtimeMs);
}

/** A state file that cannot be read tells nothing about the masters. */
export function collectEvents(directory: string): EventFacts[] {
  try {
    const events = loadState(directory).events ?? [];
    return events.map(event => ({ ...event, ageS: secondsSince(Date.parse(event.time)) }));
  } catch (error) {
    if (isProxyError(error)) return [];
    throw error;
  }
}

/** As with events: a file that cannot be read tells nothing. */
export function collectMissing(directory: string, virtualServer: HostPort | undefined): MissingFacts[] {
  try {
    const remembered = virtualServer === undefined ? [] : loadMemory(directory, virtualServer);
    const missing = remembered.filter(({ kind }) => kind === 'missing');
    return missing.map(({ address, port, since }) => ({ address, port, ageS: secondsSince(since) }));
  } catch (error) {
    if (isProxyError(error)) return [];
    throw error;
  }
}

/** Not negative: clocks are set. */
function secondsSince(time: number): number {
  return Math.max(0, Math.round((Date.now() - time) / 1000));
}
