// Breaks local TCP connections (what `ss -K` does): the owner gets ECONNABORTED at once, however idle it is.
// Needs CAP_NET_ADMIN, module tcp_diag, and a kernel with CONFIG_INET_DIAG_DESTROY.
import { formatHostPort, type HostPort } from '../model/address.ts';
import type { NetlinkConnection } from '../netlink/connection.ts';
import { isNetlinkError } from '../netlink/errors.ts';
import { packDestroy, SOCK_DESTROY } from './codec.ts';

export type DestroyResult = 'destroyed' | 'not-found' | 'unsupported';

export interface SocketClient {
  destroy(local: HostPort, remote: HostPort): DestroyResult;
}

export class NetlinkSocketClient implements SocketClient {
  readonly #connection: NetlinkConnection;

  constructor(connection: NetlinkConnection) {
    this.#connection = connection;
  }

  destroy(local: HostPort, remote: HostPort): DestroyResult {
    try {
      this.#connection.request({
        operation: `destroy socket ${formatHostPort(local)} -> ${formatHostPort(remote)}`,
        type: SOCK_DESTROY,
        payload: packDestroy(local, remote),
      });
      return 'destroyed';
    } catch (error) {
      // It is gone already, or belongs to another network namespace (a pod): the kernel resets it with its next packet.
      if (isNetlinkError(error, 'ENOENT')) return 'not-found';
      // No handler: module tcp_diag is missing (ENOENT on old kernels), or the kernel cannot destroy sockets.
      if (isNetlinkError(error, 'EOPNOTSUPP', 'EINVAL')) return 'unsupported';
      throw error;
    }
  }
}
