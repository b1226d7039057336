// What `status` knows after looking: facts, no judgement. What could not be seen is undefined or says why.
import type { HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';

export interface RealServerFacts extends HostPort {
  readonly weight: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  /** Since the entry was made. */
  readonly connections: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
}

export interface VirtualServerFacts {
  readonly scheduler: string;
  readonly flags: readonly string[];
  readonly realServers: readonly RealServerFacts[];
}

export interface RouteFacts {
  readonly source: string | undefined;
  /** The source is an address of this host (true where the kernel chooses it). */
  readonly sourceIsOurs: boolean;
}

/** "unseen" carries the reason: no permission, or no IPVS in this kernel. */
export type Seen<T> =
  | { readonly seen: true; readonly value: T }
  | { readonly seen: false; readonly why: 'not-permitted' | 'no-ipvs' };

export interface PersistedFacts {
  readonly path: string;
  /** Undefined when there is none, or none that can be used. */
  readonly spec: ProxySpec | undefined;
  /** Seconds since it was written. */
  readonly ageS: number | undefined;
  readonly problem: string | undefined;
}

export interface Facts {
  /** Undefined when neither a flag, nor the persisted set, nor the kernel names one. */
  readonly virtualServer: HostPort | undefined;
  readonly kernel: Seen<VirtualServerFacts | undefined>;
  readonly route: RouteFacts | undefined;
  /** Undefined value = this kernel has no such parameter. */
  readonly sysctls: ReadonlyMap<string, string | undefined>;
  readonly persisted: PersistedFacts;
  /** The daemon's last word on a real server, by HOST:PORT, from the state file. */
  readonly lastEvents: ReadonlyMap<string, LastEvent>;
}

export interface LastEvent {
  /** "dead", "draining", "ready", ... */
  readonly state: string;
  readonly why: string;
  readonly ageS: number;
}
