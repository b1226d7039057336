// The two sides that a plan compares, in the operator's words: what we want, and what the kernel has now.
import type { Stats } from '../ipvs/types.ts';
import type { HostPort } from '../model/address.ts';

export interface DesiredRealServer extends HostPort {
  readonly weight: number;
}

export interface DesiredRoute {
  /** Source address of connections to the VIP; undefined = the kernel chooses (IPv6). */
  readonly source: string | undefined;
  /** Largest segment to announce, in bytes; undefined = nobody knows better than what is there. */
  readonly advmss?: number | undefined;
}

export interface Desired {
  readonly virtualServer: HostPort;
  readonly scheduler: string;
  /** IP_VS_SVC_F_* */
  readonly flags: number;
  readonly realServers: readonly DesiredRealServer[];
  /** Undefined = the route is not ours to touch. */
  readonly route: DesiredRoute | undefined;
  /** Kernel parameters by name; absent = not ours to touch. */
  readonly sysctls: ReadonlyMap<string, string>;
}

export interface ObservedVirtualServer {
  readonly scheduler: string;
  readonly flags: number;
  readonly timeoutS: number;
}

export interface ObservedRealServer extends HostPort {
  readonly weight: number;
  /** Forwarded by masquerading (NAT), as we do; anything else was set by hand. */
  readonly masquerading: boolean;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  /** For people to look at; no decision depends on it. */
  readonly stats?: Stats;
}

export interface ObservedRoute {
  readonly source: string | undefined;
  readonly advmss?: number | undefined;
  /** It carries our mark, so we made it. */
  readonly ours: boolean;
  /** It is there, and policy rules lead packets elsewhere before it. */
  readonly hidden?: boolean;
}

export interface Observed {
  readonly virtualServer: ObservedVirtualServer | undefined;
  readonly realServers: readonly ObservedRealServer[];
  /** The VIP's local route, whoever made it. */
  readonly route: ObservedRoute | undefined;
  /** Undefined value = this kernel has no such parameter. */
  readonly sysctls: ReadonlyMap<string, string | undefined>;
}
