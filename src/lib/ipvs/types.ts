// What the kernel knows, in its own words: services and destinations. Identity, configuration and counters are
// separate types, so that a comparison cannot look at a counter by mistake.

/** A virtual service is named by these; we only handle TCP services with an address (no firewall marks). */
export interface ServiceId {
  readonly address: string;
  readonly port: number;
}

export interface ServiceConfig {
  /** Any scheduler name that the kernel reports, "" when it has none. */
  readonly scheduler: string;
  /** IP_VS_SVC_F_*, without IP_VS_SVC_F_HASHED, which is the kernel's own bookkeeping. */
  readonly flags: number;
  /** Persistence timeout in seconds; 0 = not persistent. */
  readonly timeoutS: number;
}

export interface Service extends ServiceId, ServiceConfig {}

export interface DestinationId {
  readonly address: string;
  readonly port: number;
}

export interface DestinationConfig {
  readonly weight: number;
  readonly forwarding: Forwarding;
}

export type Forwarding = 'masquerade' | 'local' | 'tunnel' | 'route' | 'bypass';

export interface Destination extends DestinationId, DestinationConfig {}

/** Counters since the entry was made, and rates (per second, averaged by the kernel over about 8 s). */
export interface Stats {
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  readonly connectionsPerSecond: bigint;
  readonly inPacketsPerSecond: bigint;
  readonly outPacketsPerSecond: bigint;
  readonly inBytesPerSecond: bigint;
  readonly outBytesPerSecond: bigint;
}

export interface ServiceEntry extends Service {
  readonly stats: Stats;
}

export interface DestinationEntry extends Destination {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly stats: Stats;
}

export interface IpvsInfo {
  /** "1.2.1" */
  readonly version: string;
  readonly connectionTableSize: number;
}
