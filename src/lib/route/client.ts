// The local route of the VIP, and the two questions that go with it: which source address would the kernel use, and
// which addresses does this host have. Reading needs no privilege; changing needs CAP_NET_ADMIN.
import type { NetlinkConnection } from '../netlink/connection.ts';
import { NLM_F_CREATE, NLM_F_REPLACE } from '../netlink/constants.ts';
import { isNetlinkError } from '../netlink/errors.ts';
import {
  type LocalRoute,
  packAddressQuery,
  packLinkQuery,
  packLocalRoute,
  packLocalTableQuery,
  packRouteQuery,
  type RouteEntry,
  unpackHostAddress,
  unpackLinkMtu,
  unpackRoute,
} from './codec.ts';
import * as k from './constants.ts';

export interface RouteClient {
  /** The route that packets to the address match, or undefined when there is none ("network is unreachable"). */
  lookup(address: string): RouteEntry | undefined;
  /** The local route of exactly this address as it stands in table local, whatever the policy rules make of that table. */
  inLocalTable(address: string): RouteEntry | undefined;
  /** The source that the kernel would choose for a connection to the address; undefined when there is no route. */
  sourceTowards(address: string): string | undefined;
  /** The largest packet that the way to the address takes, as far as this host knows; undefined when there is no route. */
  mtuTowards(address: string): number | undefined;
  /** Cheaper than asking for all of them: one look-up, however many addresses the host has. */
  isHostAddress(address: string): boolean;
  /** All addresses of this host in this network namespace, of devices that are down as well. */
  hostAddresses(): string[];
  /** Adds the route, or changes its source. EINVAL when the source is not an address of this host. */
  replaceLocal(route: LocalRoute): void;
  /** Deletes the local route of an address if it is one that we made. ESRCH when it is not there. */
  deleteLocal(destination: string): void;
}

/**
 * A local route of exactly this address, whoever made it. The table does not count: for IPv4 the kernel answers
 * "main" for the local table as long as nobody has added a policy rule, as the two are one until then (fib_trie.c,
 * fib_unmerge), even when it is asked with RTM_F_LOOKUP_TABLE.
 */
export function isLocalRoute(route: RouteEntry, address: string): boolean {
  const hostPrefix = address.includes(':') ? 128 : 32;
  return route.type === k.RTN_LOCAL && route.prefixLength === hostPrefix;
}

/** Made by the kernel for an address of this host. */
export function isHostAddressRoute(route: RouteEntry, address: string): boolean {
  return isLocalRoute(route, address) && route.protocol === k.RTPROT_KERNEL;
}

/** The broadcast address of a network that this host is on. */
export function isBroadcast(route: RouteEntry | undefined): boolean {
  return route?.type === k.RTN_BROADCAST;
}

/** The number alone is not enough: other agents use it for routes of theirs. */
export function isOurs({ protocol, deviceIndex }: RouteEntry): boolean {
  return protocol === k.RTPROT_BCS_APISERVER_PROXY && deviceIndex === k.LOOPBACK_IFINDEX;
}

export interface FoundRoute {
  readonly route: RouteEntry;
  /** A policy rule before that of table local leads packets elsewhere (ip-rule(8)): VRF and VPN tools move the rules. */
  readonly hidden: boolean;
}

/** The local route of the address, whoever made it. */
export function findLocalRoute(routes: RouteClient, address: string): FoundRoute | undefined {
  const route = routes.lookup(address);
  if (route !== undefined && isLocalRoute(route, address)) return { route, hidden: false };
  const hidden = routes.inLocalTable(address);
  return hidden && { route: hidden, hidden: true };
}

export class NetlinkRouteClient implements RouteClient {
  readonly #connection: NetlinkConnection;

  constructor(connection: NetlinkConnection) {
    this.#connection = connection;
  }

  lookup(address: string): RouteEntry | undefined {
    return this.#query(address, k.RTM_F_FIB_MATCH);
  }

  inLocalTable(address: string): RouteEntry | undefined {
    const request = {
      operation: `list the local routes for ${address}`,
      type: k.RTM_GETROUTE,
      payload: packLocalTableQuery(address),
    };
    try {
      const entries = this.#connection.dump(request).map(({ payload }) => unpackRoute(payload));
      // Before Linux 4.20 the dump has all tables.
      return entries.find(
        entry =>
          entry.table === k.RT_TABLE_LOCAL && entry.destination === address && isLocalRoute(entry, address),
      );
    } catch (error) {
      // A network namespace in which no address was ever up has no such table, and IPv6 may be turned off.
      if (isNetlinkError(error, 'ENOENT', 'ENOTSUP', 'EAFNOSUPPORT')) return undefined;
      throw error;
    }
  }

  sourceTowards(address: string): string | undefined {
    return this.#query(address, 0)?.source;
  }

  mtuTowards(address: string): number | undefined {
    const route = this.#query(address, 0);
    return route?.mtu ?? (route?.deviceIndex === undefined ? undefined : this.#mtuOf(route.deviceIndex));
  }

  #mtuOf(deviceIndex: number): number | undefined {
    const request = {
      operation: `look up the device ${deviceIndex}`,
      type: k.RTM_GETLINK,
      payload: packLinkQuery(deviceIndex),
    };
    try {
      const [reply] = this.#connection.request(request);
      return reply && unpackLinkMtu(reply.payload);
    } catch (error) {
      // It went between the two questions.
      if (isNetlinkError(error, 'ENODEV')) return undefined;
      throw error;
    }
  }

  isHostAddress(address: string): boolean {
    const route = this.lookup(address);
    return route !== undefined && isHostAddressRoute(route, address);
  }

  hostAddresses(): string[] {
    const request = { operation: 'list addresses', type: k.RTM_GETADDR, payload: packAddressQuery() };
    const addresses = this.#connection.dump(request).map(message => unpackHostAddress(message.payload));
    return addresses.filter(address => address !== undefined);
  }

  replaceLocal(route: LocalRoute): void {
    this.#connection.request({
      operation: `set local route ${route.destination}${route.source === undefined ? '' : ` with source ${route.source}`}`,
      type: k.RTM_NEWROUTE,
      flags: NLM_F_CREATE | NLM_F_REPLACE,
      payload: packLocalRoute(route),
    });
  }

  deleteLocal(destination: string): void {
    // The kernel compares the protocol as well, so a route that somebody else made is not matched.
    this.#connection.request({
      operation: `delete local route ${destination}`,
      type: k.RTM_DELROUTE,
      payload: packLocalRoute({ destination }),
    });
  }

  #query(address: string, flags: number): RouteEntry | undefined {
    const request = {
      operation: `look up the route to ${address}`,
      type: k.RTM_GETROUTE,
      payload: packRouteQuery(address, flags),
    };
    try {
      const [reply] = this.#connection.request(request);
      return reply && unpackRoute(reply.payload);
    } catch (error) {
      // No route, or one of type unreachable, prohibit or blackhole (fib_props in fib_semantics.c); libuv's name of
      // EOPNOTSUPP: the address family is turned off.
      if (isNetlinkError(error, 'ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL', 'ENOTSUP'))
        return undefined;
      throw error;
    }
  }
}
