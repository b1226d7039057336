// Local TCP connections: who is connected to an address, and breaking a connection (what `ss -K` does), whose owner gets
// ECONNABORTED at once, however idle it is. Needs CAP_NET_ADMIN, module tcp_diag, and a kernel with
// CONFIG_INET_DIAG_DESTROY. Sockets of other network namespaces (pods) are not seen.
import { AF_INET, AF_INET6, equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { NetlinkConnection } from '../netlink/connection.ts';
import { isNetlinkError } from '../netlink/errors.ts';
import {
  packDestroy,
  packListEstablished,
  packListTraffic,
  SOCK_DESTROY,
  SOCK_DIAG_BY_FAMILY,
  type Traffic,
  unpackSocket,
  unpackTraffic,
} from './codec.ts';

export interface SocketClient {
  /** The local ends of established connections to this address. Throws SocketsUnsupportedError. */
  connectedTo(remote: HostPort): HostPort[];
  /** Connections to this address, also those that are being made, with their traffic. Throws SocketsUnsupportedError. */
  traffic(remote: HostPort): ObservedTraffic[];
  /** False when there is no such socket (any more). Throws SocketsUnsupportedError. */
  destroy(local: HostPort, remote: HostPort): boolean;
}

export interface ObservedTraffic extends Traffic {
  readonly local: HostPort;
}

export class SocketsUnsupportedError extends Error {
  override readonly name = 'SocketsUnsupportedError';

  constructor(options: ErrorOptions) {
    super('this kernel cannot list or destroy sockets (module tcp_diag?)', options);
  }
}

export class NetlinkSocketClient implements SocketClient {
  readonly #connection: NetlinkConnection;

  constructor(connection: NetlinkConnection) {
    this.#connection = connection;
  }

  connectedTo(remote: HostPort): HostPort[] {
    // An IPv6 socket may have an IPv4 connection.
    return [AF_INET, AF_INET6]
      .flatMap(family => this.#list(packListEstablished(family, remote.port), remote))
      .map(({ local }) => local);
  }

  traffic(remote: HostPort): ObservedTraffic[] {
    return [AF_INET, AF_INET6]
      .flatMap(family => this.#list(packListTraffic(family, remote.port), remote))
      .flatMap(({ local, payload }) => {
        const traffic = unpackTraffic(payload);
        return traffic === undefined ? [] : [{ local, ...traffic }];
      });
  }

  #list(payload: Buffer, remote: HostPort): { local: HostPort; payload: Buffer }[] {
    try {
      const messages = this.#connection.dump({
        operation: `list sockets connected to ${formatHostPort(remote)}`,
        type: SOCK_DIAG_BY_FAMILY,
        payload,
      });
      return messages
        .map(message => ({ ...unpackSocket(message.payload), payload: message.payload }))
        .filter(socket => equalHostPort(socket.remote, remote));
    } catch (error) {
      // No handler for the protocol: module tcp_diag is missing.
      if (isNetlinkError(error, 'ENOENT', 'EINVAL')) throw new SocketsUnsupportedError({ cause: error });
      throw error;
    }
  }

  destroy(local: HostPort, remote: HostPort): boolean {
    try {
      this.#connection.request({
        operation: `destroy socket ${formatHostPort(local)} -> ${formatHostPort(remote)}`,
        type: SOCK_DESTROY,
        payload: packDestroy(local, remote),
      });
      return true;
    } catch (error) {
      if (isNetlinkError(error, 'ENOENT')) return false;
      // libuv's name of EOPNOTSUPP, which has the same number.
      if (isNetlinkError(error, 'ENOTSUP', 'EINVAL')) throw new SocketsUnsupportedError({ cause: error });
      throw error;
    }
  }
}
