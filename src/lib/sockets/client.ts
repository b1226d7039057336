// Local TCP connections: who is connected to an address, and breaking a connection (what `ss -K` does), whose owner gets
// ECONNABORTED at once, however idle it is. Needs CAP_NET_ADMIN, module tcp_diag, and a kernel with
// CONFIG_INET_DIAG_DESTROY. Sockets of other network namespaces (pods) are not seen.
import {
  AF_INET,
  AF_INET6,
  equalHostPort,
  familyNumber,
  formatHostPort,
  type HostPort,
} from '../model/address.ts';
import type { NetlinkConnection } from '../netlink/connection.ts';
import { isNetlinkError } from '../netlink/errors.ts';
import {
  packDestroy,
  packListEstablished,
  packListTraffic,
  SOCK_DESTROY,
  SOCK_DIAG_BY_FAMILY,
  type Socket,
  type SocketId,
  type Traffic,
  unpackSocket,
  unpackTraffic,
} from './codec.ts';

export type { SocketId } from './codec.ts';

export interface SocketClient {
  /** Established connections to this address. Throws SocketsUnsupportedError. */
  connectedTo(remote: HostPort): SocketId[];
  /** Connections to this address, also those that are being made, with their traffic. Throws SocketsUnsupportedError. */
  traffic(remote: HostPort): ObservedTraffic[];
  /** False when there is no such socket (any more). Throws SocketsUnsupportedError. */
  destroy(socket: SocketId, remote: HostPort): boolean;
}

export interface ObservedTraffic extends SocketId, Traffic {}

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

  connectedTo(remote: HostPort): SocketId[] {
    return this.#list(remote, packListEstablished);
  }

  traffic(remote: HostPort): ObservedTraffic[] {
    return this.#list(remote, packListTraffic).flatMap(({ local, cookie, payload }) => {
      const traffic = unpackTraffic(payload);
      return traffic === undefined ? [] : [{ local, cookie, ...traffic }];
    });
  }

  #list(
    remote: HostPort,
    pack: (family: number, remote: HostPort) => Buffer,
  ): (Socket & { payload: Buffer })[] {
    // An IPv6 socket may have an IPv4 connection.
    const families = familyNumber(remote.address) === AF_INET ? [AF_INET, AF_INET6] : [AF_INET6];
    try {
      const messages = families.flatMap(family =>
        this.#connection.dump({
          operation: `list sockets connected to ${formatHostPort(remote)}`,
          type: SOCK_DIAG_BY_FAMILY,
          payload: pack(family, remote),
        }),
      );
      return messages
        .map(message => ({ ...unpackSocket(message.payload), payload: message.payload }))
        .filter(socket => equalHostPort(socket.remote, remote));
    } catch (error) {
      // No handler for the protocol: module tcp_diag is missing.
      if (isNetlinkError(error, 'ENOENT', 'EINVAL')) throw new SocketsUnsupportedError({ cause: error });
      throw error;
    }
  }

  destroy(socket: SocketId, remote: HostPort): boolean {
    try {
      this.#connection.request({
        operation: `destroy socket ${formatHostPort(socket.local)} -> ${formatHostPort(remote)}`,
        type: SOCK_DESTROY,
        payload: packDestroy(socket, remote),
      });
      return true;
    } catch (error) {
      // Also where another socket has the addresses now (inet_diag_find_one_icsk).
      if (isNetlinkError(error, 'ENOENT')) return false;
      // libuv's name of EOPNOTSUPP, which has the same number.
      if (isNetlinkError(error, 'ENOTSUP', 'EINVAL')) throw new SocketsUnsupportedError({ cause: error });
      throw error;
    }
  }
}
