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
 * The local route of the VIP. Its source is the one that was asked for, else the one that the kernel would choose towards the
 * real servers now: it stays while it is that of any of them, and is chosen anew when networks come and go. A local route
 * without one makes the VIP its own source, which no reply reaches. As the route leads over lo, connections would announce
 * segments that the way to the masters does not take: it carries what that way takes. Undefined = there is no source yet.
 */
export function routeFor(
  { sourceIp, virtualServer, mtu }: ProxySpec,
  realServers: readonly HostPort[],
  routes: RouteClient,
  now: ObservedRoute | undefined,
): DesiredRoute | undefined {
  // Towards a master that is this host itself everything is possible.
  const others = realServers.filter(({ address }) => !routes.isHostAddress(address));
  const asked = others.length > 0 ? others : realServers;
  const advmss = segmentTowards(others, routes, mtu);
  if (sourceIp !== undefined) return { source: sourceIp, advmss };
  const sources = asked
    .map(({ address }) => routes.sourceTowards(address))
    .filter(source => source !== undefined);
  const kept = sources.find(source => source === now?.source) ?? sources[0];
  if (kept !== undefined) return { source: kept, advmss };
  // No way to any of them: what is there may be right again in a moment.
  if (now?.source !== undefined && now.source !== virtualServer.address && routes.isHostAddress(now.source))
    return { source: now.source, advmss };
  return familyOf(virtualServer.address) === 'ipv6' ? { source: undefined, advmss } : undefined;
}

/** Headers of IP and TCP without options, in bytes (RFC 9293, 3.7.1). */
const HEADERS = { ipv4: 40, ipv6: 60 } as const;
/** The kernel raises less to this (net.ipv4.route.min_adv_mss). */
const LEAST_SEGMENT = 256;

/** The smallest of the ways; undefined = none is known. */
function segmentTowards(
  realServers: readonly HostPort[],
  routes: RouteClient,
  limit = Number.POSITIVE_INFINITY,
): number | undefined {
  const segments = realServers.flatMap(({ address }) => {
    const mtu = Math.min(limit, routes.mtuTowards(address) ?? limit);
    return Number.isFinite(mtu) ? [Math.max(LEAST_SEGMENT, mtu - HEADERS[familyOf(address)])] : [];
  });
  return segments.length === 0 ? undefined : Math.min(...segments);
}
