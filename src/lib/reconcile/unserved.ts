// Breaks connections of this host that no real server serves. With its real server the kernel forgets a
// connection (expire_nodest_conn), or its packets would go to one that is gone. Busy ones are reset by the kernel with
// their next packet; idle ones (a watch that waits for events) would not notice for minutes, so their sockets are
// destroyed.
import type { Pin } from '../ipvs/connections.ts';
import type { Pins } from '../ipvs/pins.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { SocketClient, SocketId } from '../sockets/client.ts';

export interface Connections {
  readonly sockets: SocketClient;
  readonly pins: Pins;
  /** The real server that a connection had, where somebody watched. */
  readonly remembered?: (socket: SocketId) => HostPort | undefined;
}

/**
 * `realServers` is asked whenever something is to be broken: those that the virtual server has by then; undefined = it is
 * not there, and nothing is broken. Returns how many were broken. Throws SocketsUnsupportedError, and when aborted.
 */
export async function breakUnserved(
  { sockets, pins, remembered }: Connections,
  virtualServer: HostPort,
  realServers: () => readonly HostPort[] | undefined,
  signal: AbortSignal,
): Promise<number> {
  const breakAll = (found: readonly { socket: SocketId; pin: Pin | undefined }[]): number => {
    const present = realServers();
    if (present === undefined) return 0;
    const unserved = found.filter(
      ({ pin }) => pin !== 'unreadable' && !present.some(each => isSame(each, pin)),
    );
    return unserved.filter(({ socket }) => sockets.destroy(socket, virtualServer)).length;
  };
  // One that is there may have come back without its connections, which are then in no table.
  const lost = (socket: SocketId): HostPort | undefined => {
    const last = remembered?.(socket);
    return realServers()?.some(each => isSame(each, last)) === true ? undefined : last;
  };
  // The sockets first: what is established by then is in the table, which is read after it.
  const open = sockets.connectedTo(virtualServer);
  const found = open.map(socket => ({
    socket,
    pin: pins.tracked(socket.local, virtualServer) ?? lost(socket),
  }));
  const count = breakAll(found.filter(({ pin }) => pin !== undefined));
  const unknown = found.filter(({ pin }) => pin === undefined).map(({ socket }) => socket);
  if (unknown.length === 0) return count;
  const clients = unknown.map(({ local }) => local);
  const table = await pins.inTable(clients, virtualServer, { signal });
  return count + breakAll(unknown.map(socket => ({ socket, pin: table.get(formatHostPort(socket.local)) })));
}

function isSame(one: HostPort, other: HostPort | undefined): boolean {
  return other !== undefined && equalHostPort(one, other);
}
