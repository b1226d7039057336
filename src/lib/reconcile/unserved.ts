// Breaks connections of this host that no real server serves any more. With its real server the kernel forgets a
// connection (expire_nodest_conn), or its packets would go to one that is gone. Busy ones are reset by the kernel with
// their next packet; idle ones (a watch that waits for events) would not notice for minutes, so their sockets are
// destroyed.
import { type Connection, readConnections } from '../ipvs/connections.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { SocketClient } from '../sockets/client.ts';

/** `realServers`: those that the virtual server has. Returns how many were broken. Throws SocketsUnsupportedError. */
export function breakUnserved(
  sockets: SocketClient,
  virtualServer: HostPort,
  realServers: readonly HostPort[],
  read: () => Connection[] = readConnections,
): number {
  // The sockets first: what is established by then is in the table, which is read after it.
  const clients = sockets.connectedTo(virtualServer);
  if (clients.length === 0) return 0;
  const served = new Set(
    read()
      .filter(connection => equalHostPort(connection.virtualServer, virtualServer))
      .filter(({ realServer }) => realServers.some(each => equalHostPort(each, realServer)))
      .map(({ client }) => formatHostPort(client)),
  );
  return clients
    .filter(client => !served.has(formatHostPort(client)))
    .filter(client => sockets.destroy(client, virtualServer)).length;
}
