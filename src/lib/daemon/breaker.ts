// Breaks the connections that are pinned to a real server which was just deleted. Busy ones are reset by the kernel with
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

  /** Returns at once; the sockets go within SPREAD_MS, all of this node's in one moment: it is the nodes that are spread. */
  breakConnections(virtualServer: HostPort, realServer: HostPort): void {
    setTimeout(() => {
      try {
        this.#destroyPinned(virtualServer, realServer);
      } catch (error) {
        this.#telemetry.problem(`breaking the connections to ${formatHostPort(realServer)}`, error);
      }
    }, Math.random() * SPREAD_MS);
  }

  #destroyPinned(virtualServer: HostPort, realServer: HostPort): void {
    const pinned = this.#readConnections().filter(
      connection =>
        equalHostPort(connection.virtualServer, virtualServer) &&
        equalHostPort(connection.realServer, realServer),
    );
    const results = pinned.map(({ client }) => this.#sockets.destroy(client, virtualServer));
    const count = results.filter(result => result === 'destroyed').length;
    if (count > 0) this.#telemetry.connectionsReset(realServer, count);
  }
}
