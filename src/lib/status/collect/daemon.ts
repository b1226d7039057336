// The daemon, if there is one: its processes, and what its /status says.
import { readdirSync } from 'node:fs';
import { type Listener, listenersOf } from '../../host/listeners.ts';
import type { HostProcess } from '../../host/processes.ts';
import type { DaemonSnapshot } from '../../http/view.ts';
import { addressFromBytes, type HostPort, parseHostPort } from '../../model/address.ts';
import type { DaemonFacts } from '../report.ts';
import { ask } from './ask.ts';

/** That of --listen when nothing is said. */
const DEFAULT_LISTEN: HostPort = { address: '127.0.0.1', port: 8004 };

/** `address`: as listenAddress() has it. */
export async function askDaemon(
  address: HostPort | undefined,
  deadline: AbortSignal,
): Promise<DaemonFacts['snapshot']> {
  if (address === undefined) return { seen: false, why: 'not-listening' };
  const reply = await ask(address, '/status', deadline);
  if (reply.kind !== 'answer')
    return { seen: false, why: reply.kind === 'refused' ? 'not-listening' : 'no-answer' };
  const value = reply.status === 200 ? parseSnapshot(reply.body) : undefined;
  return value === undefined ? { seen: false, why: 'foreign' } : { seen: true, value };
}

/**
 * Where one of them listens; the default address where no process can be seen (from another container), or where what it
 * listens on cannot. Undefined = it can be seen that none of them listens.
 */
export function listenAddress(processes: readonly HostProcess[]): HostPort | undefined {
  const seen = processes.map(listenersOf).filter(listeners => listeners !== undefined);
  const [listener] = seen.flat();
  if (listener !== undefined) return reachable(listener);
  return seen.length > 0 ? undefined : DEFAULT_LISTEN;
}

/** Who listens on every address is asked on loopback. */
function reachable({ bytes, port }: Listener): HostPort {
  const everywhere = bytes.every(byte => byte === 0);
  const loopback = bytes.length === 4 ? '127.0.0.1' : '::1';
  return { address: everywhere ? loopback : addressFromBytes(bytes), port };
}

/** NAMESPACE_NAME_UID, of the DaemonSet or the static pod; kubelet removes it with the pod. */
const POD_LOGS = /^([^_]+)_(bcs-apiserver-proxy(?:-[^_]+)?)_/;

/** By the directories of their logs. Undefined when kubelet has none for this node, or in another container. */
export function podHere(directory = '/var/log/pods'): string | undefined {
  try {
    const pod = readdirSync(directory).flatMap(name => POD_LOGS.exec(name) ?? []);
    return pod.length === 0 ? undefined : `${pod[1]}/${pod[2]}`;
  } catch {
    return undefined;
  }
}

/** Of the daemon's http/routes.ts. */
const SCHEMA_VERSION = 1;

/** Anybody can listen at its address: nothing is believed that was not looked at. Undefined for another program's page. */
export function parseSnapshot(body: string): DaemonSnapshot | undefined {
  try {
    const document: unknown = JSON.parse(body);
    return isRecord(document) && document.schemaVersion === SCHEMA_VERSION && isSnapshot(document)
      ? document
      : undefined;
  } catch {
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isSnapshot(document: Fields): document is Fields & DaemonSnapshot {
  const {
    realServers,
    discovery,
    lastPassAgeMs,
    passes,
    failedPasses,
    virtualServer,
    lock = {},
    persist = {},
  } = document;
  return (
    [passes, failedPasses].every(count => typeof count === 'number') &&
    isOptional(lastPassAgeMs, 'number') &&
    typeof virtualServer === 'string' &&
    isRecord(discovery) &&
    typeof discovery.kind === 'string' &&
    isOptional(discovery.ageMs, 'number') &&
    isOptional(discovery.problem, 'string') &&
    isRecord(lock) &&
    isOptional(lock.holder, 'string') &&
    isRecord(persist) &&
    isOptional(persist.problem, 'string') &&
    Array.isArray(realServers) &&
    realServers.every(isRealServer)
  );
}

const STATES: ReadonlySet<unknown> = new Set(['new', 'ready', 'slow', 'closing', 'draining', 'dead']);

function isRealServer(view: unknown): boolean {
  if (!isRecord(view)) return false;
  const { address, state, sinceMs, reason, lastProbe = {} } = view;
  const isWhole = typeof address === 'string' && STATES.has(state) && typeof reason === 'string';
  const isProbe = isRecord(lastProbe) && isOptional(lastProbe.reason, 'string');
  return isWhole && isProbe && typeof sinceMs === 'number' && parseHostPort(address) !== undefined;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOptional(value: unknown, type: 'number' | 'string'): boolean {
  return value === undefined || typeof value === type;
}
