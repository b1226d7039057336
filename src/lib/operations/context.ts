// What every task of an operation works on, and how a specification becomes a desired state.

import { ProxyError } from '../errors.ts';
import { familyOf } from '../model/address.ts';
import { effectiveFlags } from '../model/scheduler.ts';
import type { ProxySpec } from '../model/spec.ts';
import { flagBits, type Kernel } from '../reconcile/kernel.ts';
import type { Desired } from '../reconcile/state.ts';
import type { RouteClient } from '../route/client.ts';
import type { SocketClient } from '../sockets/client.ts';

export interface OperationContext {
  readonly kernel: Kernel;
  readonly sockets: SocketClient;
  readonly persistDir: string;
  /** Say what would be done, change nothing. */
  readonly dryRun: boolean;
}

/** All real servers take connections: an operation without health knowledge gives each the weight 1. */
export function desiredFrom(
  spec: ProxySpec,
  sysctls: ReadonlyMap<string, string>,
  routes: RouteClient,
): Desired {
  return {
    virtualServer: spec.virtualServer,
    scheduler: spec.scheduler,
    flags: flagBits(effectiveFlags(spec.scheduler, spec.schedulerFlags)),
    realServers: spec.realServers.map(realServer => ({ ...realServer, weight: 1 })),
    route: spec.route ? { source: routeSource(spec, routes) } : undefined,
    sysctls,
  };
}

/**
 * The source address of connections to the VIP. IPv4: as the kernel would choose it towards the first real server that
 * has a route, because a local route without one makes the VIP its own source, which no reply reaches. IPv6: the kernel
 * chooses well by itself.
 */
function routeSource(
  { sourceIp, virtualServer, realServers }: ProxySpec,
  routes: RouteClient,
): string | undefined {
  if (sourceIp !== undefined) return sourceIp;
  if (familyOf(virtualServer.address) === 'ipv6') return undefined;
  for (const { address } of realServers) {
    const source = routes.sourceTowards(address);
    if (source !== undefined) return source;
  }
  throw noSource(
    'no real server can be reached by any route, so no source address can be chosen for the local route of the VIP',
  );
}

/** Throws ProxyError "no-source-address" while this host has no address that the local route could have as its source. */
export function requireSource(spec: ProxySpec, routes: RouteClient): void {
  const { sourceIp } = spec;
  if (sourceIp !== undefined && !routes.isHostAddress(sourceIp)) {
    throw noSource(
      `${sourceIp}, which is to be the source of the local route of the VIP, is no address of this host`,
    );
  }
  routeSource(spec, routes);
}

function noSource(problem: string): ProxyError {
  return new ProxyError('no-source-address', problem, {
    suggestions: ['bring the network up first', 'or name an address of this host: --source-ip IP'],
  });
}
