// What `status` could have seen: a sound node by default, so that a test names only what is wrong.
import type { DaemonSnapshot, RealServerView } from '../../src/lib/http/view.ts';
import type {
  BootServiceFacts,
  EventFacts,
  Facts,
  RealServerFacts,
  RealServerProbe,
  RouteFacts,
  VipProbe,
  VirtualServerFacts,
} from '../../src/lib/status/report.ts';
import { realServerView, snapshot } from './snapshot.ts';
import { aSpec } from './specs.ts';

export const PERSISTED = '/root/.bcs/ipvsConfig.yaml';
export const MASTERS = ['10.0.0.11', '10.0.0.12', '10.0.0.13'];

/** The worker of aSpec() with its three masters: restored 12 minutes ago, looked after by the daemon, probed. */
export function soundFacts(fields: Partial<Facts> = {}): Facts {
  return {
    virtualServer: aSpec().virtualServer,
    kernel: inKernel(),
    route: routeFacts(),
    sysctls: new Map([
      ['net.ipv4.vs.conntrack', '1'],
      ['net.ipv4.vs.expire_nodest_conn', '1'],
    ]),
    hostAddresses: ['127.0.0.1', '10.0.0.21'],
    lateMs: 3,
    conntrack: { used: 412, limit: 262_144 },
    conflicts: { isHostAddress: false, onLinkNetwork: undefined },
    modules: new Map(['ip_vs', 'ip_vs_sh', 'tcp_diag'].map(name => [name, true])),
    persisted: persisted(),
    missing: [],
    events: [],
    daemon: daemon(),
    probes: probes({}),
    throughVip: seen(vipProbe()),
    bootService: bootService(),
    kubelet: seen({ kubeconfig: '/etc/kubernetes/kubelet.conf', server: 'https://10.99.0.1:6443' }),
    kubeProxy: unseen('none runs here'),
    originalTool: [],
    ...fields,
  };
}

export function routeFacts(fields: Partial<RouteFacts> = {}): RouteFacts {
  return { source: '10.0.0.2', sourceIsOurs: true, hidden: false, sourcesTowards: ['10.0.0.2'], ...fields };
}

/** The same with --no-probe, on a node where no daemon runs. */
export const NOT_PROBED = {
  probes: unseen('not asked for'),
  throughVip: unseen('not asked for'),
} as const satisfies Partial<Facts>;

export const NO_DAEMON: Facts['daemon'] = {
  processes: [],
  listen: undefined,
  snapshot: { seen: false, why: 'not-listening' },
  unit: undefined,
};

export function inKernel(fields: Partial<VirtualServerFacts> = {}): Facts['kernel'] {
  const value = {
    scheduler: 'sh',
    flags: ['sh-fallback'],
    realServers: MASTERS.map(address => realServerFacts({ address })),
    ...fields,
  };
  return { seen: true, value };
}

export function seen<T>(value: T): { seen: true; value: T } {
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

/** A running daemon whose candidates are the three masters; `views` says what is special about one of them. */
export function daemon(
  views: Readonly<Record<string, Partial<RealServerView>>> = {},
  fields: Partial<DaemonSnapshot> = {},
): Facts['daemon'] {
  const addresses = [...new Set([...MASTERS, ...Object.keys(views)])];
  const realServers = addresses.map(address =>
    realServerView({ address: `${address}:6443`, ...views[address] }),
  );
  const listen = { address: '127.0.0.1', port: 8004 };
  return { processes: [812], listen, snapshot: seen(snapshot({ realServers, ...fields })), unit: undefined };
}

/** A sound master that names the VIP in its certificate. */
export function probe(fields: Partial<RealServerProbe> = {}): RealServerProbe {
  return {
    address: '10.0.0.11',
    port: 6443,
    outcome: 'ready',
    reason: undefined,
    reached: 'http',
    roundTripMs: 1,
    latencyMs: 4.2,
    certificate: { expiresInS: 200 * 86_400, namesVip: true, verified: true },
    ...fields,
  };
}

/** Nobody is there any more. */
export const DEAD: Partial<RealServerProbe> = {
  outcome: 'dead',
  reason: 'econnrefused',
  reached: 'nothing',
  roundTripMs: undefined,
  latencyMs: undefined,
  certificate: undefined,
};

/** Alive, and says so with 500. */
export const NOT_READY: Partial<RealServerProbe> = { outcome: 'not-ready', reason: 'http-500' };

/** Probes of the three masters; `special` says what is special about one of them. */
export function probes(special: Readonly<Record<string, Partial<RealServerProbe>>>): Facts['probes'] {
  const addresses = [...new Set([...MASTERS, ...Object.keys(special)])];
  return seen(addresses.map(address => probe({ address, ...special[address] })));
}

export function vipProbe(fields: Partial<VipProbe> = {}): VipProbe {
  const { address: _, port: __, ...rest } = probe();
  return { ...rest, realServer: { address: '10.0.0.12', port: 6443 }, largeArrives: true, ...fields };
}

export const VIP_DEAD = seen(
  vipProbe({ ...DEAD, reason: 'etimedout', realServer: undefined }),
) satisfies Facts['throughVip'];

export function bootService(fields: Partial<BootServiceFacts> = {}): Facts['bootService'] {
  return seen({ kind: 'systemd', enabled: true, beforeKubelet: true, failed: false, ...fields });
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

/** The entries of these masters; a number is a weight. */
export function entries(weights: Readonly<Record<string, number>>): Facts['kernel'] {
  return inKernel({
    realServers: Object.entries(weights).map(([address, weight]) => realServerFacts({ address, weight })),
  });
}

export function persisted(fields: Partial<Facts['persisted']> = {}): Facts['persisted'] {
  return { path: PERSISTED, spec: aSpec(), ageS: 720, problem: undefined, ...fields };
}

export const NOT_IN_KERNEL: Facts['kernel'] = { seen: true, value: undefined };
export const NOTHING_PERSISTED = persisted({ spec: undefined, ageS: undefined });
