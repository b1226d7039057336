// Which real server each of this node's connections is pinned to. Connection tracking answers for one connection at once;
// what it does not know (net.ipv4.vs.conntrack was off when the connection was made) stands in the table of IPVS. With a
// real server that is deleted the kernel forgets its connections in both.
import type { ConntrackClient } from '../conntrack/client.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { type Pin, readPins } from './connections.ts';

export interface Pins {
  /** At once; undefined where connection tracking cannot tell, which says nothing. */
  tracked(client: HostPort, virtualServer: HostPort): HostPort | undefined;
  /** From the table of IPVS, by formatHostPort of the client: who is missing is served by nobody. */
  inTable(
    clients: readonly HostPort[],
    virtualServer: HostPort,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<ReadonlyMap<string, Pin>>;
}

export function pinsOver(conntrack: ConntrackClient): Pins {
  return {
    tracked: (client, virtualServer) => conntrack.answererOf(client, virtualServer),
    inTable: (clients, virtualServer, options) => readPins(clients, virtualServer, options),
  };
}

/** The real server of one connection; undefined when the kernel knows none, or cannot be asked before the signal. */
export async function realServerOf(
  pins: Pins,
  client: HostPort,
  virtualServer: HostPort,
  signal: AbortSignal,
): Promise<HostPort | undefined> {
  try {
    const tracked = pins.tracked(client, virtualServer);
    if (tracked !== undefined) return tracked;
    const pin = (await pins.inTable([client], virtualServer, { signal })).get(formatHostPort(client));
    return pin === 'unreadable' ? undefined : pin;
  } catch {
    return undefined;
  }
}
