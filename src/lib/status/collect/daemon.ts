// The daemon, if there is one: its processes, and what its /status says.
import { type Listener, listenersOf } from '../../host/listeners.ts';
import type { HostProcess } from '../../host/processes.ts';
import type { DaemonSnapshot } from '../../http/view.ts';
import { addressFromBytes, type HostPort, parseHostPort } from '../../model/address.ts';
import type { DaemonFacts } from '../report.ts';
import { ask } from './ask.ts';

/** That of --listen when nothing is said. */
const DEFAULT_LISTEN: HostPort = { address: '127.0.0.1', port: 8004 };

/**
 * Asked where it listens; at the default address where no process can be seen (from another container), or where what it
 * listens on cannot.
 */
export async function askDaemon(
  processes: readonly HostProcess[],
  deadline: AbortSignal,
): Promise<DaemonFacts['snapshot']> {
  const address = listenAddress(processes);
  if (address === undefined) return { seen: false, why: 'not-listening' };
  const reply = await ask(address, '/status', deadline);
  if (reply.kind !== 'answer')
    return { seen: false, why: reply.kind === 'refused' ? 'not-listening' : 'no-answer' };
  const value = reply.status === 200 ? parseSnapshot(reply.body) : undefined;
  return value === undefined ? { seen: false, why: 'foreign' } : { seen: true, value };
}

/** Undefined = it can be seen that none of them listens. */
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

/** Of the daemon's http/routes.ts. */
const SCHEMA_VERSION = 1;

export function parseSnapshot(body: string): DaemonSnapshot | undefined {
  try {
    const document = JSON.parse(body) as Partial<DaemonSnapshot & { schemaVersion: number }> | null;
    const ours =
      document?.schemaVersion === SCHEMA_VERSION &&
      typeof document.virtualServer === 'string' &&
      typeof document.discovery === 'object' &&
      document.realServers?.every(({ address }) => parseHostPort(address));
    return ours ? (document as DaemonSnapshot) : undefined;
  } catch {
    return undefined; // another program's page
  }
}
