// The kernel as reconciling sees it: operator words above, kernel words below, mapped here and nowhere else.
import type { IpvsClient } from '../ipvs/client.ts';
import { IP_VS_SVC_F_SCHED1, IP_VS_SVC_F_SCHED2 } from '../ipvs/constants.ts';
import type { Pins } from '../ipvs/pins.ts';
import type { Destination, Service } from '../ipvs/types.ts';
import type { HostPort } from '../model/address.ts';
import type { SchedulerFlag } from '../model/scheduler.ts';
import { findLocalRoute, isOurs, type RouteClient } from '../route/client.ts';
import type { Observed, ObservedRoute } from './state.ts';

/** What a pass reads and writes. `ipvs` is undefined until the kernel has IPVS. */
export interface Kernel {
  readonly ipvs: IpvsClient | undefined;
  readonly routes: RouteClient;
  readonly sysctls: SysctlTable;
  readonly pins: Pins;
}

export interface SysctlTable {
  /** Undefined when this kernel has no such parameter. */
  read(name: string): string | undefined;
  write(name: string, value: string): void;
}

const FLAG_BIT: Record<SchedulerFlag, number> = {
  'sh-fallback': IP_VS_SVC_F_SCHED1,
  'mh-fallback': IP_VS_SVC_F_SCHED1,
  'sh-port': IP_VS_SVC_F_SCHED2,
  'mh-port': IP_VS_SVC_F_SCHED2,
};

/** IP_VS_SVC_F_* of a set of scheduler flags. */
export function flagBits(flags: readonly SchedulerFlag[]): number {
  return flags.reduce((bits, flag) => bits | FLAG_BIT[flag], 0);
}

export function observe(kernel: Kernel, virtualServer: HostPort, sysctlNames: Iterable<string>): Observed {
  const service = kernel.ipvs?.service(virtualServer);
  // The kernel answers with an empty list for a service that it does not have, so that one is asked for first.
  const destinations = service === undefined ? [] : (kernel.ipvs?.destinations(virtualServer) ?? []);
  return {
    virtualServer: service,
    realServers: destinations.map(({ forwarding, ...destination }) => ({
      ...destination,
      masquerading: forwarding === 'masquerade' || forwarding === 'local',
    })),
    route: observeRoute(kernel.routes, virtualServer.address),
    sysctls: new Map(Array.from(sysctlNames, name => [name, kernel.sysctls.read(name)])),
  };
}

function observeRoute(routes: RouteClient, vip: string): ObservedRoute | undefined {
  const found = findLocalRoute(routes, vip);
  if (found === undefined) return undefined;
  const { route, hidden } = found;
  return { source: route.source, advmss: route.advmss, ours: isOurs(route), hidden };
}

export function serviceFor(virtualServer: HostPort, scheduler: string, flags: number): Service {
  return { ...virtualServer, scheduler, flags, timeoutS: 0 };
}

export function destinationFor({ address, port }: HostPort, weight: number): Destination {
  return { address, port, weight, forwarding: 'masquerade' };
}
