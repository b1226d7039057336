// Which host answers one of this node's connections, by connection tracking: a question about one connection costs some
// microseconds, however many others the kernel knows. Needs CAP_NET_ADMIN, module nf_conntrack_netlink, which the kernel
// loads by itself where it may, a rule that needs connection tracking (kube-proxy's do), and net.ipv4.vs.conntrack = 1 for
// connections through IPVS.
import { errnoCode } from '../errors.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import type { NetlinkConnection } from '../netlink/connection.ts';
import { isNetlinkError } from '../netlink/errors.ts';
import { CONNTRACK_GET, packGet, unpackAnswerer } from './codec.ts';

export interface ConntrackClient {
  /** Undefined where the kernel cannot tell: no such entry, one that nobody translates, or no connection tracking. */
  answererOf(client: HostPort, remote: HostPort): HostPort | undefined;
}

/** Asking for a module that is not there makes the kernel start modprobe each time. */
const ASK_AGAIN_MS = 60_000;

export class NetlinkConntrackClient implements ConntrackClient {
  readonly #open: () => NetlinkConnection;
  #connection: NetlinkConnection | undefined;
  #unsupportedSince = Number.NEGATIVE_INFINITY;

  /** `open` is called with the first question: a kernel may not have the protocol. */
  constructor(open: () => NetlinkConnection) {
    this.#open = open;
  }

  answererOf(client: HostPort, remote: HostPort): HostPort | undefined {
    if (performance.now() - this.#unsupportedSince < ASK_AGAIN_MS) return undefined;
    try {
      this.#connection ??= this.#open();
      const [entry] = this.#connection.request({
        operation: `look up connection ${formatHostPort(client)} -> ${formatHostPort(remote)}`,
        type: CONNTRACK_GET,
        payload: packGet(client, remote),
      });
      const answerer = entry && unpackAnswerer(entry.payload);
      return answerer === undefined || equalHostPort(answerer, remote) ? undefined : answerer;
    } catch (error) {
      if (isNetlinkError(error, 'ENOENT')) return undefined;
      // No such subsystem (nfnetlink_rcv_msg); libuv's name of EOPNOTSUPP is ENOTSUP. No such protocol (netlink_create).
      const isUnsupported =
        isNetlinkError(error, 'EINVAL', 'ENOTSUP') || errnoCode(error) === 'EPROTONOSUPPORT';
      if (!isUnsupported) throw error;
      this.#unsupportedSince = performance.now();
      return undefined;
    }
  }
}
