// The daemon as its HTTP server sees it: plain data that can be printed as JSON. Absent = not known, or not there.
import type { EvidenceKind } from '../health/evidence.ts';
import type { HealthState } from '../health/scoreboard.ts';

export interface DaemonView {
  /** As it is now. Cheap: looks at no kernel and no file. */
  snapshot(): DaemonSnapshot;
}

export interface DaemonSnapshot {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** By the monotonic clock, which nobody sets; undefined before the first pass. */
  readonly lastPassAgeMs: number | undefined;
  /** All passes, failed ones included. */
  readonly passes: number;
  readonly failedPasses: number;
  /** Loops of the daemon that have not come round for too long, one sentence each. */
  readonly stuck: readonly string[];
  /** One daemon at a time keeps a virtual server; without the lock this one waits, or could not make one. */
  readonly lock: { readonly held: boolean; readonly holder: string | undefined };
  /** Why the next boot would start from something older than what is kept now. */
  readonly persist: { readonly problem: string | undefined };
  /** Every real server looks dead, and all of them stay in. */
  readonly held: boolean;
  /** VIP:PORT */
  readonly virtualServer: string;
  /** As the last pass left it. */
  readonly inKernel: boolean;
  readonly scheduler: string;
  readonly realServers: readonly RealServerView[];
  readonly discovery: DiscoveryView;
}

export interface RealServerView {
  /** HOST:PORT */
  readonly address: string;
  readonly state: HealthState;
  /** For how long it has been in this state. */
  readonly sinceMs: number;
  /** Why it is in this state; empty when it is ready. */
  readonly reason: string;
  /** Discovery names it, or with --discovery static --rs. */
  readonly named: boolean;
  /** It left discovery while it was dead, at this time (ISO 8601, UTC); undefined = it did not. */
  readonly missingSince: string | undefined;
  /** Undefined = not in the kernel; the counters are then 0. */
  readonly weight: number | undefined;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  /** Since the kernel's entry was made. */
  readonly connections: number;
  /** From clients to the real server. */
  readonly inBytes: number;
  /** From the real server to clients. */
  readonly outBytes: number;
  readonly lastProbe: ProbeView | undefined;
}

export interface ProbeView {
  readonly kind: EvidenceKind;
  /** Undefined when there was no answer. */
  readonly latencyMs: number | undefined;
  readonly reason: string | undefined;
}

export interface DiscoveryView {
  readonly kind: 'endpoints' | 'nodes' | 'static';
  /** Since the API last said anything; undefined when it never did, or is never asked. */
  readonly ageMs: number | undefined;
  readonly connected: boolean;
  readonly server: string | undefined;
  readonly problem: string | undefined;
}
