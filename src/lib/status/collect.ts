// Looks at the kernel and at the files; never needs a daemon, an API or a sound configuration.
import { statSync } from 'node:fs';
import { isProxyError } from '../errors.ts';
import { WANTED_SYSCTLS } from '../host/sysctl.ts';
import type { IpvsClient } from '../ipvs/client.ts';
import { familyOf, type HostPort } from '../model/address.ts';
import { SCHEDULER_FLAGS, schedulerOf } from '../model/scheduler.ts';
import { isNetlinkError } from '../netlink/errors.ts';
import { flagBits, type Kernel } from '../reconcile/kernel.ts';
import { isLocalRoute, isOurs, type RouteClient } from '../route/client.ts';
import { loadPersisted, persistedPath } from '../store/persisted-set.ts';
import { loadState } from '../store/state-file.ts';
import type { EventFacts, Facts, PersistedFacts, RouteFacts, VirtualServerFacts } from './report.ts';

export interface CollectOptions {
  readonly persistDir: string;
  /** Overrides the persisted set's virtual server. */
  readonly virtualServer: HostPort | undefined;
  /** Ask the real servers, too. */
  readonly probe: boolean;
}

const NOT_LOOKED_AT = { seen: false, why: 'not looked at' } as const;

export async function collectFacts(kernel: Kernel, options: CollectOptions): Promise<Facts> {
  const persisted = collectPersisted(options.persistDir);
  const virtualServer = options.virtualServer ?? persisted.spec?.virtualServer ?? findOurs(kernel);
  return {
    virtualServer,
    kernel: withIpvs(kernel, ipvs =>
      virtualServer === undefined ? undefined : collectVirtualServer(ipvs, virtualServer),
    ),
    route: virtualServer && collectRoute(kernel.routes, virtualServer.address),
    conflicts: { isHostAddress: false, onLinkNetwork: undefined },
    sysctls: new Map(Array.from(WANTED_SYSCTLS.keys(), name => [name, kernel.sysctls.read(name)])),
    modules: new Map(),
    persisted,
    events: collectEvents(options.persistDir),
    daemon: { processes: [], snapshot: { seen: false, why: 'not-listening' }, unit: undefined },
    probes: NOT_LOOKED_AT,
    throughVip: NOT_LOOKED_AT,
    bootService: NOT_LOOKED_AT,
    kubelet: NOT_LOOKED_AT,
    kubeProxy: NOT_LOOKED_AT,
    originalTool: [],
  };
}

/** A virtual server whose VIP has a local route with our mark was made by us. */
function findOurs({ ipvs, routes }: Kernel): HostPort | undefined {
  const seen = ipvs === undefined ? undefined : unlessForbidden(() => ipvs.services());
  return seen?.find(({ address }) => {
    const route = routes.lookup(address);
    return route !== undefined && isLocalRoute(route, address) && isOurs(route);
  });
}

function withIpvs(
  kernel: Kernel,
  read: (ipvs: IpvsClient) => VirtualServerFacts | undefined,
): Facts['kernel'] {
  const { ipvs } = kernel;
  if (ipvs === undefined) return { seen: false, why: 'no-ipvs' };
  try {
    // Refused without permission, whether or not there is a virtual server to ask for.
    ipvs.info();
    return { seen: true, value: read(ipvs) };
  } catch (error) {
    if (isNetlinkError(error, 'EPERM')) return { seen: false, why: 'not-permitted' };
    throw error;
  }
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
  realServers.sort((a, b) => compareText(a.address, b.address) || a.port - b.port);
  return { scheduler: service.scheduler, flags, realServers };
}

/** Sorted, so that two runs can be compared; numbers within addresses in the order that a reader expects. */
function compareText(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function collectRoute(routes: RouteClient, vip: string): RouteFacts | undefined {
  const route = routes.lookup(vip);
  if (route === undefined || !isLocalRoute(route, vip)) return undefined;
  const { source } = route;
  return {
    source,
    // Without a source an IPv4 connection uses the VIP itself; for IPv6 the kernel chooses well.
    sourceIsOurs:
      source === undefined ? familyOf(vip) === 'ipv6' : source !== vip && routes.isHostAddress(source),
  };
}

/** A state file that cannot be read tells nothing about the masters. */
function collectEvents(directory: string): EventFacts[] {
  try {
    const age = (time: string): number => Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
    return (loadState(directory).events ?? []).map(event => ({ ...event, ageS: age(event.time) }));
  } catch (error) {
    if (isProxyError(error)) return [];
    throw error;
  }
}

function collectPersisted(directory: string): PersistedFacts {
  const nothing = { path: persistedPath(directory), spec: undefined, ageS: undefined };
  try {
    const loaded = loadPersisted(directory);
    if (loaded === undefined) return { ...nothing, problem: undefined };
    return { path: loaded.path, spec: loaded.spec, ageS: ageOf(loaded.path), problem: loaded.problem };
  } catch (error) {
    if (isProxyError(error)) return { ...nothing, problem: error.message };
    throw error;
  }
}

function ageOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && Math.max(0, Math.round((Date.now() - stat.mtimeMs) / 1000));
}
