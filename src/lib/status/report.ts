// What `status` knows after looking: facts, no judgement. What could not be seen says why; nothing is guessed.
import type { DaemonSnapshot } from '../http/view.ts';
import type { HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';

/** Seen, or the reason why not: one of a few words where the diagnosis needs them, else a phrase for people. */
export type Seen<T, Why extends string = string> =
  | { readonly seen: true; readonly value: T }
  | { readonly seen: false; readonly why: Why };

export interface Facts {
  /** Undefined when neither a flag, nor the persisted set, nor the kernel names one. */
  readonly virtualServer: HostPort | undefined;
  readonly kernel: Seen<VirtualServerFacts | undefined, 'not-permitted' | 'no-ipvs'>;
  /** The local route of the VIP. */
  readonly route: RouteFacts | undefined;
  readonly conflicts: VipConflicts;
  /** Undefined value = this kernel has no such parameter. */
  readonly sysctls: ReadonlyMap<string, string | undefined>;
  /** Connections that are tracked, and how many can be; undefined = this kernel tracks none. */
  /** Of all interfaces. */
  readonly hostAddresses: readonly string[];
  /** While others were asked, this process did not get to run for so long, in all. */
  readonly lateMs: number;
  readonly conntrack: { readonly used: number; readonly limit: number } | undefined;
  /** Each module that is needed, and whether it is there. */
  readonly modules: ReadonlyMap<string, boolean>;
  readonly persisted: PersistedFacts;
  /** Masters that left discovery while they were dead, from our file. */
  readonly missing: readonly MissingFacts[];
  /** The daemon's last transitions, oldest first, from the state file. */
  readonly events: readonly EventFacts[];
  readonly daemon: DaemonFacts;
  /** Each real server that kernel, persisted set or daemon name, asked directly; unseen with --no-probe. */
  readonly probes: Seen<readonly RealServerProbe[]>;
  /** The same question asked through the VIP: what kubelet experiences. */
  readonly throughVip: Seen<VipProbe>;
  /** Unseen: inside a container, whose host it is that boots. */
  readonly bootService: Seen<BootServiceFacts>;
  /** Unseen: this host has no kubelet that we know how to look at. */
  readonly kubelet: Seen<KubeletFacts>;
  /** Unseen: none runs here, or nobody who knows could be asked. */
  readonly kubeProxy: Seen<KubeProxyFacts>;
  /** Process ids of the program that this one replaces. */
  readonly originalTool: readonly number[];
}

export interface VirtualServerFacts {
  readonly scheduler: string;
  readonly flags: readonly string[];
  readonly realServers: readonly RealServerFacts[];
}

export interface RealServerFacts extends HostPort {
  readonly weight: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  /** Since the entry was made. */
  readonly connections: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  /** As the kernel averages them over the last seconds. */
  readonly connectionsPerSecond: number;
  readonly inBytesPerSecond: number;
  readonly outBytesPerSecond: number;
}

export interface RouteFacts {
  /** Undefined = none in the route: for IPv6 the kernel chooses. */
  readonly source: string | undefined;
  /** The source is an address of this host (true where the kernel chooses it). */
  readonly sourceIsOurs: boolean;
  /** It is there, and policy rules lead packets elsewhere before it. */
  readonly hidden: boolean;
  /** What the kernel would choose towards the real servers now. */
  readonly sourcesTowards: readonly string[];
}

export interface VipConflicts {
  /** The VIP is an address of this host, on whatever device. */
  readonly isHostAddress: boolean;
  /** Whom the VIP would be routed to without our local route, when that is a network of this host ("10.0.0.0/8 dev eth0"). */
  readonly onLinkNetwork: string | undefined;
}

export interface PersistedFacts {
  readonly path: string;
  /** Undefined when there is none, or none that can be used. */
  readonly spec: ProxySpec | undefined;
  /** Seconds since it was written. */
  readonly ageS: number | undefined;
  readonly problem: string | undefined;
}

export interface MissingFacts extends HostPort {
  readonly ageS: number;
}

export interface EventFacts {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly ageS: number;
  /** "real server 10.0.0.11:6443" or "virtual server" */
  readonly object: string;
  readonly from: string;
  /** "dead", "draining", "ready", "held", ... */
  readonly to: string;
  readonly why: string;
}

export interface DaemonFacts {
  /** Process ids of daemons of this program that can be seen from here, in containers, too. */
  readonly processes: readonly number[];
  /**
   * What its /status says. not-listening: nobody is there to be asked; no-answer: it accepts and stays silent, as a
   * stuck one does; foreign: another program answers at its address.
   */
  /** Where it answers over HTTP; undefined = it does not. */
  readonly listen: HostPort | undefined;
  readonly snapshot: Seen<DaemonSnapshot, 'not-listening' | 'no-answer' | 'foreign'>;
  /** Its host unit; undefined = this host has no such unit. */
  readonly unit: UnitFacts | undefined;
  /** "kube-system/bcs-apiserver-proxy-x7k2p", where kubelet has one for this node; it may run or not. */
  readonly pod?: string | undefined;
}

/** As systemd has it: "active", "failed", ... and "enabled", "disabled", ... */
export interface UnitFacts {
  readonly name: string;
  readonly active: string;
  readonly enabled: string;
}

export interface BootServiceFacts {
  readonly kind: 'systemd' | 'rc-local' | 'none';
  readonly enabled: boolean;
  /** Undefined where nothing tells: no kubelet unit, or no systemd. */
  readonly beforeKubelet: boolean | undefined;
  /** The last run failed. */
  readonly failed: boolean;
}

/** One answer, or the lack of it. */
/** Far beyond a data centre: satellites, mobile networks. */
export const LONG_ROUND_TRIP_MS = 250;

export interface ProbeFacts {
  /** unauthorized = 401 or 403: alive, and anonymous health requests are refused. */
  readonly outcome: 'ready' | 'not-ready' | 'unauthorized' | 'dead';
  /** "http-500", "econnrefused", "etimedout", ...; undefined when ready. */
  readonly reason: string | undefined;
  /** How far it came. */
  readonly reached: 'nothing' | 'tcp' | 'tls' | 'http';
  /** As the kernel has it, whatever this process waited; undefined where nobody accepted or the kernel does not say. */
  readonly roundTripMs: number | undefined;
  /** From the first packet to the end of the answer; undefined when dead. */
  readonly latencyMs: number | undefined;
  /** Undefined when the TLS handshake did not come that far. */
  readonly certificate: CertificateFacts | undefined;
}

export interface RealServerProbe extends HostPort, ProbeFacts {}

export interface VipProbe extends ProbeFacts {
  /** Who answered, when the connection table of IPVS tells. */
  readonly realServer: HostPort | undefined;
  /** Whether an answer arrives that takes several packets; undefined = it could not be told. */
  readonly largeArrives: boolean | undefined;
}

export interface CertificateFacts {
  /** Negative when it has expired. */
  readonly expiresInS: number;
  /** A subject alternative name is the VIP. */
  readonly namesVip: boolean;
  /** Undefined = no CA is known on this host. */
  readonly verified: boolean | undefined;
}

export interface KubeletFacts {
  /** Of kubelet. */
  readonly kubeconfig: string;
  /** "https://10.99.0.1:6443" */
  readonly server: string;
}

export interface KubeProxyFacts {
  /** "ipvs", "iptables", "nftables", ... */
  readonly mode: string;
  readonly excludeCIDRs: readonly string[];
  /** Who said so: "its /configz" or the ConfigMap. */
  readonly source: string;
}
