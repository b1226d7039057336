// What the kernel has: the virtual server with its real servers, the route of the VIP, and the modules they need.
import { isModuleLoaded, neededModules } from '../../host/modules.ts';
import type { IpvsClient } from '../../ipvs/client.ts';
import { compareHostPort, familyOf, type HostPort } from '../../model/address.ts';
import { SCHEDULER_FLAGS, schedulerOf } from '../../model/scheduler.ts';
import { isNetlinkError } from '../../netlink/errors.ts';
import { flagBits, type Kernel, type SysctlTable } from '../../reconcile/kernel.ts';
import { findLocalRoute, isLocalRoute, isOurs, type RouteClient } from '../../route/client.ts';
import type { Facts, RouteFacts, VirtualServerFacts } from '../report.ts';

/** A virtual server whose VIP has a local route with our mark was made by us. */
export function findOurs({ ipvs, routes }: Kernel): HostPort | undefined {
  const seen = ipvs === undefined ? undefined : unlessForbidden(() => ipvs.services());
  return seen?.find(({ address }) => {
    const route = routes.lookup(address);
    return route !== undefined && isLocalRoute(route, address) && isOurs(route);
  });
}

export function collectKernel({ ipvs }: Kernel, virtualServer: HostPort | undefined): Facts['kernel'] {
  if (ipvs === undefined) return { seen: false, why: 'no-ipvs' };
  const value = unlessForbidden(() => {
    // Refused without permission, whether or not there is a virtual server to ask for.
    ipvs.info();
    return { virtualServer: virtualServer && collectVirtualServer(ipvs, virtualServer) };
  });
  return value === undefined
    ? { seen: false, why: 'not-permitted' }
    : { seen: true, value: value.virtualServer };
}

function unlessForbidden<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isNetlinkError(error, 'EPERM')) return undefined;
    throw error;
  }
}

function collectVirtualServer(ipvs: IpvsClient, virtualServer: HostPort): VirtualServerFacts | undefined {
  const service = ipvs.service(virtualServer);
  if (service === undefined) return undefined;
  const flags = SCHEDULER_FLAGS.filter(
    flag => schedulerOf(flag) === service.scheduler && (service.flags & flagBits([flag])) !== 0,
  );
  const realServers = ipvs.destinations(virtualServer).map(({ stats, ...destination }) => ({
    address: destination.address,
    port: destination.port,
    weight: destination.weight,
    activeConnections: destination.activeConnections,
    inactiveConnections: destination.inactiveConnections,
    connections: stats.connections,
    inBytes: stats.inBytes,
    outBytes: stats.outBytes,
    connectionsPerSecond: Number(stats.connectionsPerSecond),
    inBytesPerSecond: Number(stats.inBytesPerSecond),
    outBytesPerSecond: Number(stats.outBytesPerSecond),
  }));
  return { scheduler: service.scheduler, flags, realServers: realServers.toSorted(compareHostPort) };
}

export function collectRoute(
  routes: RouteClient,
  vip: string,
  realServers: readonly HostPort[],
): RouteFacts | undefined {
  const found = findLocalRoute(routes, vip);
  if (found === undefined) return undefined;
  const { source } = found.route;
  const sources = realServers.map(({ address }) => routes.sourceTowards(address));
  return {
    source,
    // Without a source an IPv4 connection uses the VIP itself; for IPv6 the kernel chooses well.
    sourceIsOurs:
      source === undefined ? familyOf(vip) === 'ipv6' : source !== vip && routes.isHostAddress(source),
    hidden: found.hidden,
    sourcesTowards: [...new Set(sources.filter(one => one !== undefined))],
  };
}

/** By the source address alone, sh and dh give a host the same real server each time (ip_vs_sh.c, ip_vs_dh.c). */
export function spreadsOneHost(kernel: Facts['kernel']): boolean {
  if (!kernel.seen || kernel.value === undefined) return false;
  const { scheduler, flags } = kernel.value;
  return scheduler !== 'dh' && (scheduler !== 'sh' || flags.includes('sh-port'));
}

/** Counted per network namespace (nf_conntrack-sysctl.rst). */
export function collectConntrack(sysctls: SysctlTable): Facts['conntrack'] {
  const [used, limit] = ['count', 'max'].map(name => sysctls.read(`net.netfilter.nf_conntrack_${name}`));
  return used === undefined || limit === undefined ? undefined : { used: Number(used), limit: Number(limit) };
}

/** What the kernel shows in use is there, wherever it came from. */
export function collectModules(kernel: Facts['kernel'], scheduler: string): Map<string, boolean> {
  const inUse = kernel.seen ? ['ip_vs', `ip_vs_${kernel.value?.scheduler}`] : [];
  return new Map(
    neededModules(scheduler).map(name => [name, inUse.includes(name) || isModuleLoaded(name)] as const),
  );
}
