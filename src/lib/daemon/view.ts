// The daemon for people and machines to look at: what it knows, as plain data. Changes nothing.
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { DaemonSnapshot, DaemonView, RealServerView } from '../http/view.ts';
import { equalHostPort, formatHostPort } from '../model/address.ts';
import type { ObservedRealServer } from '../reconcile/state.ts';
import type { LockView } from '../store/daemon-lock.ts';
import type { CandidateDetails } from './candidate.ts';
import type { Daemon } from './daemon.ts';

/** What is looked at. */
export interface Subject {
  readonly daemon: Daemon;
  readonly lock: LockView;
}

export function viewOf(subject: () => Subject, { spec, discovery }: DaemonConfig): DaemonView {
  const startedAt = new Date().toISOString();
  return {
    snapshot(): DaemonSnapshot {
      const { daemon, lock } = subject();
      const { candidates, reconciler, freshness } = daemon;
      const { observed, held, record } = reconciler;
      const now = performance.now();
      const age = (at: number | undefined): number | undefined => (at === undefined ? undefined : now - at);
      return {
        startedAt,
        lastPassAgeMs: age(record.lastPassAt),
        passes: record.passes,
        failedPasses: record.failedPasses,
        stuck: daemon.stuck,
        lock,
        persist: { problem: daemon.persistProblem },
        held,
        virtualServer: formatHostPort(spec.virtualServer),
        inKernel: observed?.virtualServer !== undefined,
        scheduler: observed?.virtualServer?.scheduler ?? spec.scheduler,
        realServers: candidates
          .details()
          .map(details => viewOfRealServer(details, observed?.realServers ?? [], now)),
        discovery: {
          kind: discovery,
          ageMs: age(freshness?.lastEventAt),
          connected: freshness?.connected ?? false,
          server: freshness?.server,
          problem: freshness?.lastProblem,
        },
      };
    },
  };
}

function viewOfRealServer(
  { realServer, health, last, missingSince, named }: CandidateDetails,
  kernel: readonly ObservedRealServer[],
  now: number,
): RealServerView {
  const inKernel = kernel.find(other => equalHostPort(other, realServer));
  return {
    address: formatHostPort(realServer),
    state: health.state,
    sinceMs: now - health.since,
    reason: health.state === 'ready' ? '' : health.reason,
    named,
    missingSince: missingSince === undefined ? undefined : new Date(missingSince).toISOString(),
    weight: inKernel?.weight,
    activeConnections: inKernel?.activeConnections ?? 0,
    inactiveConnections: inKernel?.inactiveConnections ?? 0,
    connections: Number(inKernel?.stats?.connections ?? 0n),
    inBytes: Number(inKernel?.stats?.inBytes ?? 0n),
    outBytes: Number(inKernel?.stats?.outBytes ?? 0n),
    lastProbe: last && {
      kind: last.kind,
      latencyMs: 'latencyMs' in last ? last.latencyMs : undefined,
      reason: 'reason' in last ? last.reason : last.kind === 'ready' ? last.unverified : undefined,
    },
  };
}
