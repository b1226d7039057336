// Specifications: one by default, and all that validateSpec accepts.
import fc from 'fast-check';
import type { HostPort } from '../../src/lib/model/address.ts';
import { formatHostPort } from '../../src/lib/model/address.ts';
import { SCHEDULER_FLAGS, SCHEDULERS, schedulerOf } from '../../src/lib/model/scheduler.ts';
import type { ProxySpec } from '../../src/lib/model/spec.ts';
import { port } from './arbitraries.ts';

/** 10.99.0.1:6443 over three masters, scheduler sh, with the local route. */
export function aSpec(fields: Partial<ProxySpec> = {}): ProxySpec {
  return {
    virtualServer: { address: '10.99.0.1', port: 6443 },
    realServers: ['10.0.0.11', '10.0.0.12', '10.0.0.13'].map(address => ({ address, port: 6443 })),
    scheduler: 'sh',
    schedulerFlags: [],
    sourceIp: undefined,
    route: true,
    ...fields,
  };
}

interface Network {
  readonly vip: string;
  readonly host: fc.Arbitrary<string>;
}

const octet = fc.integer({ min: 1, max: 254 });
const group = fc.integer({ min: 1, max: 0xffff }).map(number => number.toString(16));
const NETWORKS: readonly Network[] = [
  { vip: '10.99.0.1', host: fc.tuple(octet, octet).map(([a, b]) => `10.0.${a}.${b}`) },
  { vip: 'fd99::1', host: fc.tuple(group, group).map(([a, b]) => `fd00::${a}:${b}`) },
];

/** Specifications that validateSpec accepts. */
export const validSpec: fc.Arbitrary<ProxySpec> = fc
  .tuple(fc.constantFrom(...NETWORKS), fc.constantFrom(...SCHEDULERS))
  .chain(([{ vip, host }, scheduler]) => {
    const realServer: fc.Arbitrary<HostPort> = fc.record({ address: host, port });
    return fc.record({
      virtualServer: port.map(number => ({ address: vip, port: number })),
      realServers: fc.uniqueArray(realServer, { minLength: 1, maxLength: 5, selector: formatHostPort }),
      scheduler: fc.constant(scheduler),
      schedulerFlags: fc.subarray(SCHEDULER_FLAGS.filter(flag => schedulerOf(flag) === scheduler)),
      sourceIp: fc.option(host, { nil: undefined }),
      route: fc.boolean(),
    });
  });
