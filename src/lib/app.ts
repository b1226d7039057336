// The composition root: the only place that puts real clients together.

import { NetlinkConntrackClient } from './conntrack/client.ts';
import { procSysctls } from './host/sysctl.ts';
import { openIpvsClient } from './ipvs/client.ts';
import { pinsOver } from './ipvs/pins.ts';
import { NetlinkConnection } from './netlink/connection.ts';
import { NETLINK_GENERIC, NETLINK_NETFILTER, NETLINK_ROUTE, NETLINK_SOCK_DIAG } from './netlink/constants.ts';
import { type Datagram, RecordingTransport } from './netlink/recording.ts';
import type { Transport } from './netlink/transport.ts';
import { openNetlinkTransport } from './netlink/transport-linux.ts';
import type { Kernel } from './reconcile/kernel.ts';
import { NetlinkRouteClient } from './route/client.ts';
import { NetlinkSocketClient, type SocketClient } from './sockets/client.ts';

/** The kernel of this network namespace. Reading IPVS needs CAP_NET_ADMIN, reading routes does not. */
export function openKernel(): Kernel {
  return kernelOver(openNetlinkTransport);
}

/** The same, and each datagram is told to `record`. */
export function openRecordedKernel(record: (datagram: Datagram) => void): Kernel {
  return kernelOver(protocol => new RecordingTransport(openNetlinkTransport(protocol), record));
}

function kernelOver(open: (protocol: number) => Transport): Kernel {
  const generic = new NetlinkConnection(open(NETLINK_GENERIC));
  const routes = new NetlinkRouteClient(new NetlinkConnection(open(NETLINK_ROUTE)));
  const conntrack = new NetlinkConntrackClient(() => new NetlinkConnection(open(NETLINK_NETFILTER)));
  return {
    // Looked up each time (10 us): loading module ip_vs brings the family, and loading it again brings another number.
    get ipvs() {
      return openIpvsClient(generic);
    },
    routes,
    sysctls: procSysctls,
    pins: pinsOver(conntrack),
  };
}

/** Breaks local TCP connections; needs CAP_NET_ADMIN. */
export function openSockets(): SocketClient {
  return new NetlinkSocketClient(new NetlinkConnection(openNetlinkTransport(NETLINK_SOCK_DIAG)));
}
