// What must be true of the host before anything is changed.
import { existsSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import { familyOf, formatHostPort, rangeOf } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import type { RouteClient } from '../route/client.ts';
import { isBroadcast } from '../route/client.ts';

/** Throws a UsageError where a flag contradicts the addresses that this host has. */
export function checkAgainstHost({ virtualServer, sourceIp }: ProxySpec, routes: RouteClient): void {
  const addresses = routes.hostAddresses();
  const vip = virtualServer.address;
  // Where the kernel was started with ipv6.disable=1 nothing of IPv6 is there (inet6_init, net/ipv6/af_inet6.c).
  if (familyOf(vip) === 'ipv6' && !existsSync('/proc/net/if_inet6')) {
    throw new UsageError(
      `--vs ${formatHostPort(virtualServer)}: IPv6 is turned off in this kernel (ipv6.disable=1 on its command line); choose an IPv4 address, or turn it on`,
    );
  }
  if (addresses.includes(vip)) {
    throw new UsageError(
      `--vs ${formatHostPort(virtualServer)}: the VIP is an address of this host, and the kernel would then use it as the source of its own connections, which time out; take ${vip} off its device or choose an unused address`,
    );
  }
  if (isBroadcast(routes.lookup(vip))) {
    throw new UsageError(
      `--vs ${formatHostPort(virtualServer)}: the VIP is a broadcast address of a network of this host; choose an unused private address, for example 10.99.0.1`,
    );
  }
  const sources = addresses.filter(address => familyOf(address) === familyOf(vip) && leavesTheHost(address));
  if (sourceIp !== undefined && !sources.includes(sourceIp)) {
    const remedy = sources.length > 0 ? `give one of them: ${sources.join(', ')}` : 'this host has none';
    throw new UsageError(
      `--source-ip ${sourceIp}: the source must be an address of this host that the masters can answer to; ${remedy}`,
    );
  }
}

/** Not one that is good for this host or this link only. */
function leavesTheHost(address: string): boolean {
  return !['loopback', 'linkLocal'].includes(rangeOf(address));
}
