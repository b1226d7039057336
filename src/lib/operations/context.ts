// What every task of an operation works on, and whether this host has a source for the route.
import { ProxyError } from '../errors.ts';
import type { ProxySpec } from '../model/spec.ts';
import { routeFor } from '../reconcile/desired.ts';
import type { Kernel } from '../reconcile/kernel.ts';
import type { RouteClient } from '../route/client.ts';
import type { SocketClient } from '../sockets/client.ts';

export interface OperationContext {
  readonly kernel: Kernel;
  readonly sockets: SocketClient;
  readonly persistDir: string;
  /** Say what would be done, change nothing. */
  readonly dryRun: boolean;
}

/** Throws ProxyError "no-source-address" while this host has no address that the local route could have as its source. */
export function requireSource(spec: ProxySpec, routes: RouteClient): void {
  const { sourceIp } = spec;
  if (sourceIp !== undefined && !routes.isHostAddress(sourceIp)) {
    throw noSource(
      `${sourceIp}, which is to be the source of the local route of the VIP, is no address of this host`,
    );
  }
  if (routeFor(spec, spec.realServers, routes, undefined) === undefined) {
    throw noSource(
      'no real server can be reached by any route, so no source address can be chosen for the local route of the VIP',
    );
  }
}

function noSource(problem: string): ProxyError {
  return new ProxyError('no-source-address', problem, {
    suggestions: ['bring the network up first', 'or name an address of this host: --source-ip IP'],
  });
}
