// What `status` could have seen: a sound node by default, so that a test names only what is wrong.
import type {
  EventFacts,
  Facts,
  RealServerFacts,
  RealServerProbe,
  VirtualServerFacts,
} from '../../src/lib/status/report.ts';
import { aSpec } from './specs.ts';

export const PERSISTED = '/root/.bcs/ipvsConfig.yaml';

/** The worker of aSpec() with its three masters, restored 12 minutes ago. */
export function soundFacts(fields: Partial<Facts> = {}): Facts {
  return {
    virtualServer: aSpec().virtualServer,
    kernel: inKernel(),
    route: { source: '10.0.0.2', sourceIsOurs: true },
    sysctls: new Map([
      ['net.ipv4.vs.conntrack', '1'],
      ['net.ipv4.vs.expire_nodest_conn', '1'],
    ]),
    conflicts: { isHostAddress: false, onLinkNetwork: undefined },
    modules: new Map(['ip_vs', 'ip_vs_sh', 'tcp_diag'].map(name => [name, true])),
    persisted: persisted(),
    events: [],
    daemon: { processes: [], snapshot: { seen: false, why: 'not-listening' }, unit: undefined },
    probes: unseen('not looked at'),
    throughVip: unseen('not looked at'),
    bootService: { seen: true, value: { kind: 'systemd', enabled: true, beforeKubelet: true, failed: false } },
    kubelet: unseen('no kubelet'),
    kubeProxy: unseen('none runs here'),
    originalTool: [],
    ...fields,
  };
}

export function inKernel(fields: Partial<VirtualServerFacts> = {}): Facts['kernel'] {
  const value = {
    scheduler: 'sh',
    flags: ['sh-fallback'],
    realServers: ['10.0.0.11', '10.0.0.12', '10.0.0.13'].map(address => realServerFacts({ address })),
    ...fields,
  };
  return { seen: true, value };
}

export function unseen(why: string): { seen: false; why: string } {
  return { seen: false, why };
}

export function event(fields: Partial<EventFacts> = {}): EventFacts {
  return {
    time: '2026-03-01T03:12:05.000Z',
    ageS: 95,
    object: 'real server 10.0.0.13:6443',
    from: 'ready',
    to: 'dead',
    why: 'etimedout',
    ...fields,
  };
}

/** A sound master that names the VIP in its certificate. */
export function probe(fields: Partial<RealServerProbe> = {}): RealServerProbe {
  return {
    address: '10.0.0.11',
    port: 6443,
    outcome: 'ready',
    reason: undefined,
    reached: 'http',
    latencyMs: 4.2,
    certificate: { expiresInS: 200 * 86_400, namesVip: true, verified: true },
    ...fields,
  };
}

export function realServerFacts(fields: Partial<RealServerFacts> = {}): RealServerFacts {
  return {
    address: '10.0.0.11',
    port: 6443,
    weight: 1,
    activeConnections: 2,
    inactiveConnections: 0,
    connections: 41n,
    inBytes: 70_000n,
    outBytes: 3_500_000n,
    connectionsPerSecond: 0,
    inBytesPerSecond: 120,
    outBytesPerSecond: 5_400,
    ...fields,
  };
}

export function persisted(fields: Partial<Facts['persisted']> = {}): Facts['persisted'] {
  return { path: PERSISTED, spec: aSpec(), ageS: 720, problem: undefined, ...fields };
}

export const NOT_IN_KERNEL: Facts['kernel'] = { seen: true, value: undefined };
export const NOTHING_PERSISTED = persisted({ spec: undefined, ageS: undefined });
