// Breaks the connections that are pinned to a real server which is being deleted. Busy ones are reset by the kernel with
// their next packet; idle ones (a watch that waits for events) would not notice for minutes, so their sockets are destroyed.
import { type Connection, readConnections } from '../ipvs/connections.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { SocketClient } from '../sockets/client.ts';
import type { Telemetry } from '../telemetry.ts';

/** Thousands of nodes lose the same master in the same instant; they must not all reconnect in it. */
const SPREAD_MS = 1000;

export class ConnectionBreaker {
  readonly #sockets: SocketClient;
  readonly #telemetry: Telemetry;
  readonly #readConnections: () => Connection[];

  constructor(sockets: SocketClient, telemetry: Telemetry, read: () => Connection[] = readConnections) {
    this.#sockets = sockets;
    this.#telemetry = telemetry;
    this.#readConnections = read;
  }

  /**
   * To be called before the real server is deleted, because since Linux 5.9 the kernel forgets its connections with it
   * (expire_nodest_conn). Returns what breaks them afterwards: it returns at once, and the sockets go within SPREAD_MS,
   * all of this node's in one moment, as it is the nodes that are spread.
   */
  collect(virtualServer: HostPort, realServer: HostPort): () => void {
    const clients = this.#clientsOf(virtualServer, realServer);
    if (clients.length === 0) return () => {};
    return () =>
      setTimeout(() => this.#destroy(clients, virtualServer, realServer), Math.random() * SPREAD_MS);
  }

  /** A table that cannot be read must not keep a dead real server in the kernel. */
  #clientsOf(virtualServer: HostPort, realServer: HostPort): HostPort[] {
    try {
      return this.#readConnections()
        .filter(connection => equalHostPort(connection.virtualServer, virtualServer))
        .filter(connection => equalHostPort(connection.realServer, realServer))
        .map(({ client }) => client);
    } catch (error) {
      this.#telemetry.problem('reading the connection table of IPVS', error);
      return [];
    }
  }

  #destroy(clients: readonly HostPort[], virtualServer: HostPort, realServer: HostPort): void {
    try {
      const results = clients.map(client => this.#sockets.destroy(client, virtualServer));
      if (results.includes('unsupported'))
        throw new Error('this kernel cannot destroy sockets (module tcp_diag?)');
      const count = results.filter(result => result === 'destroyed').length;
      if (count > 0) this.#telemetry.connectionsReset(realServer, count);
    } catch (error) {
      this.#telemetry.problem(`breaking the connections to ${formatHostPort(realServer)}`, error);
    }
  }
}
