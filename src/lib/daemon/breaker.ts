// When the daemon breaks connections that no real server serves any more: a moment after it changed or repaired which
// real servers there are, and once after its start, for what happened before.
import type { Connection } from '../ipvs/connections.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { breakUnserved } from '../reconcile/unserved.ts';
import type { SocketClient } from '../sockets/client.ts';
import type { Telemetry } from '../telemetry.ts';

/** Thousands of nodes lose the same master in the same instant; they must not all reconnect in it. */
const SPREAD_MS = 1000;

export class ConnectionBreaker {
  readonly #sockets: SocketClient;
  readonly #telemetry: Telemetry;
  readonly #readConnections: (() => Connection[]) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(sockets: SocketClient, telemetry: Telemetry, read?: () => Connection[]) {
    this.#sockets = sockets;
    this.#telemetry = telemetry;
    this.#readConnections = read;
  }

  /**
   * Returns at once; within SPREAD_MS all unserved connections of this node go in one moment, as it is the nodes that are
   * spread. `realServers` is asked then: undefined = the virtual server is not there, and nothing is broken.
   */
  breakSoon(virtualServer: HostPort, realServers: () => readonly HostPort[] | undefined): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#break(virtualServer, realServers());
    }, Math.random() * SPREAD_MS);
  }

  #break(virtualServer: HostPort, realServers: readonly HostPort[] | undefined): void {
    if (realServers === undefined) return;
    try {
      const count = breakUnserved(this.#sockets, virtualServer, realServers, this.#readConnections);
      if (count > 0) this.#telemetry.connectionsReset(count);
    } catch (error) {
      this.#telemetry.problem(`breaking connections to ${formatHostPort(virtualServer)}`, error);
    }
  }
}
