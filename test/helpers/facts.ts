// What `status` could have seen: a sound node by default, so that a test names only what is wrong.
import type { Facts, RealServerFacts, VirtualServerFacts } from '../../src/lib/status/report.ts';
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
    persisted: persisted(),
    lastEvents: new Map(),
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
    ...fields,
  };
}

export function persisted(fields: Partial<Facts['persisted']> = {}): Facts['persisted'] {
  return { path: PERSISTED, spec: aSpec(), ageS: 720, problem: undefined, ...fields };
}

export const NOT_IN_KERNEL: Facts['kernel'] = { seen: true, value: undefined };
export const NOTHING_PERSISTED = persisted({ spec: undefined, ageS: undefined });
