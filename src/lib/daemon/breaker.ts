// When the daemon breaks connections that no real server serves: a moment after it changed or repaired which
// real servers there are, and once after its start, for what happened before.
import { formatHostPort, type HostPort } from '../model/address.ts';
import { breakUnserved, type Connections } from '../reconcile/unserved.ts';
import type { Telemetry } from '../telemetry.ts';

/** Thousands of nodes lose the same master in the same instant; they must not all reconnect in it. */
const SPREAD_MS = 1000;

/** Of the table of IPVS, where it has to be read; a hundred thousand connections of others take a second or two. */
const LONG_TABLE_MS = 60_000;

export class ConnectionBreaker {
  readonly #connections: Connections;
  readonly #telemetry: Telemetry;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(connections: Connections, telemetry: Telemetry) {
    this.#connections = connections;
    this.#telemetry = telemetry;
  }

  /**
   * Returns at once; within SPREAD_MS all unserved connections of this node go in one moment, as it is the nodes that are
   * spread. `realServers` is asked then: undefined = the virtual server is not there, and nothing is broken.
   */
  breakSoon(virtualServer: HostPort, realServers: () => readonly HostPort[] | undefined): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // One after the other: a long table of IPVS is read by one of them.
      this.#running = this.#running.then(() => this.#break(virtualServer, realServers));
    }, Math.random() * SPREAD_MS);
  }

  /** At once: all that has this source, connections that are being made included. */
  breakFrom(source: string, virtualServer: HostPort): void {
    const { sockets } = this.#connections;
    try {
      const open = sockets.traffic(virtualServer).filter(({ local }) => local.address === source);
      const count = open.filter(socket => sockets.destroy(socket, virtualServer)).length;
      if (count > 0) this.#telemetry.connectionsReset(count);
    } catch (error) {
      this.#telemetry.problem(`breaking connections from ${source}`, error);
    }
  }

  async #break(virtualServer: HostPort, realServers: () => readonly HostPort[] | undefined): Promise<void> {
    try {
      const count = await breakUnserved(
        this.#connections,
        virtualServer,
        realServers,
        AbortSignal.timeout(LONG_TABLE_MS),
      );
      if (count > 0) this.#telemetry.connectionsReset(count);
    } catch (error) {
      this.#telemetry.problem(`breaking connections to ${formatHostPort(virtualServer)}`, error);
    }
  }
}
