// What is wanted of the kernel, from a specification and the real servers with their weights: for the daemon and for the
// one-shot commands alike.
import { familyOf, type HostPort } from '../model/address.ts';
import { effectiveFlags } from '../model/scheduler.ts';
import type { ProxySpec } from '../model/spec.ts';
import type { RouteClient } from '../route/client.ts';
import { flagBits } from './kernel.ts';
import type { Desired, DesiredRealServer, DesiredRoute, ObservedRoute } from './state.ts';

/** `route`: undefined = it is not touched. */
export function desiredFrom(
  spec: ProxySpec,
  realServers: readonly DesiredRealServer[],
  route: DesiredRoute | undefined,
  sysctls: ReadonlyMap<string, string>,
): Desired {
  return {
    virtualServer: spec.virtualServer,
    scheduler: spec.scheduler,
    flags: flagBits(effectiveFlags(spec.scheduler, spec.schedulerFlags)),
    realServers,
    route,
    sysctls,
  };
}

/**
 * The source address of connections to the VIP: as it was asked for; else as it is, while that is an address of this host;
 * else as the kernel would choose it towards the first real server that has a route. A local route without one makes the
 * VIP its own source, which no reply reaches; for IPv6 the kernel chooses well by itself. Undefined = there is none yet.
 */
export function routeFor(
  { sourceIp, virtualServer }: ProxySpec,
  realServers: readonly HostPort[],
  routes: RouteClient,
  now: ObservedRoute | undefined,
): DesiredRoute | undefined {
  if (sourceIp !== undefined) return { source: sourceIp };
  const source = now?.source;
  if (source !== undefined && source !== virtualServer.address && routes.isHostAddress(source))
    return { source };
  if (familyOf(virtualServer.address) === 'ipv6') return { source: undefined };
  for (const { address } of realServers) {
    const chosen = routes.sourceTowards(address);
    if (chosen !== undefined) return { source: chosen };
  }
  return undefined;
}
