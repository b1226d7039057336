// Local TCP connections: who is connected to an address, and breaking a connection (what `ss -K` does), whose owner gets
// ECONNABORTED at once, however idle it is. Needs CAP_NET_ADMIN, module tcp_diag, and a kernel with
// CONFIG_INET_DIAG_DESTROY. Sockets of other network namespaces (pods) are not seen.
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { NetlinkConnection, Request } from '../netlink/connection.ts';
import { isNetlinkError } from '../netlink/errors.ts';
import {
  packDestroy,
  packListEstablished,
  packListTraffic,
  SOCK_DESTROY,
  type Socket,
  type SocketId,
  TCPDIAG_GETSOCK,
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
  /** Asked several times a second about the same address: to put it in words is an eighth of what a look takes. */
  #aboutTraffic: { readonly remote: HostPort; readonly request: Request } | undefined;

  constructor(connection: NetlinkConnection) {
    this.#connection = connection;
  }

  connectedTo(remote: HostPort): SocketId[] {
    return this.#list(remote, listRequest(remote, packListEstablished(remote)));
  }

  traffic(remote: HostPort): ObservedTraffic[] {
    if (this.#aboutTraffic === undefined || !equalHostPort(this.#aboutTraffic.remote, remote)) {
      this.#aboutTraffic = { remote, request: listRequest(remote, packListTraffic(remote)) };
    }
    return this.#list(remote, this.#aboutTraffic.request).flatMap(({ local, cookie, payload }) => {
      const traffic = unpackTraffic(payload);
      return traffic === undefined ? [] : [{ local, cookie, ...traffic }];
    });
  }

  #list(remote: HostPort, request: Request): (Socket & { payload: Buffer })[] {
    try {
      return this.#connection
        .dump(request)
        .map(({ payload }) => ({ ...unpackSocket(payload), payload }))
        .filter(socket => equalHostPort(socket.remote, remote));
    } catch (error) {
      // No handler for the protocol, or none at all: module tcp_diag or inet_diag is missing.
      if (isNetlinkError(error, 'ENOENT', 'EINVAL', 'ENOTSUP'))
        throw new SocketsUnsupportedError({ cause: error });
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

function listRequest(remote: HostPort, payload: Buffer): Request {
  return { operation: `list sockets connected to ${formatHostPort(remote)}`, type: TCPDIAG_GETSOCK, payload };
}
