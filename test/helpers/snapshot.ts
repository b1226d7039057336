// A daemon that is well, as its HTTP server sees it; a test names what is special.
import type { DaemonSnapshot, RealServerView } from '../../src/lib/http/view.ts';

export function realServerView(overrides: Partial<RealServerView> = {}): RealServerView {
  return {
    address: '10.0.0.11:6443',
    state: 'ready',
    sinceMs: 60_000,
    reason: '',
    named: true,
    missingSince: undefined,
    weight: 1,
    activeConnections: 5,
    inactiveConnections: 2,
    connections: 70,
    inBytes: 1000,
    outBytes: 2000,
    lastProbe: { kind: 'ready', latencyMs: 1.5, reason: undefined },
    ...overrides,
  };
}

export function snapshot(overrides: Partial<DaemonSnapshot> = {}): DaemonSnapshot {
  return {
    startedAt: '2026-01-02T03:04:05.000Z',
    lastPassAgeMs: 400,
    stuck: [],
    lock: { held: true, holder: undefined },
    persist: { problem: undefined },
    passes: 100,
    failedPasses: 1,
    held: false,
    virtualServer: '10.99.0.1:6443',
    inKernel: true,
    scheduler: 'sh',
    realServers: [realServerView()],
    discovery: {
      kind: 'endpoints',
      ageMs: 1500,
      connected: true,
      server: 'https://10.99.0.1:6443',
      problem: undefined,
    },
    ...overrides,
  };
}
