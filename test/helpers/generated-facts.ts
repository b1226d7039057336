// Facts put together at random from everything that the cases of conditions and the sound node have seen.
import fc from 'fast-check';
import type { Facts } from '../../src/lib/status/report.ts';
import { CONDITION_CASES } from './condition-cases.ts';
import { event, NO_DAEMON, NOT_PROBED, soundFacts, unseen } from './facts.ts';

/** Every value of a field that occurs, the sound one as often as all others together. */
function anyOf<K extends keyof Facts>(field: K, ...others: Facts[K][]): fc.Arbitrary<Facts[K]> {
  const special = CONDITION_CASES.flatMap(({ wrong }) => (field in wrong ? [wrong[field] as Facts[K]] : []));
  return fc.oneof(fc.constant(soundFacts()[field]), fc.constantFrom(...special, ...others));
}

const anyEvents = fc.array(
  fc.record({
    time: fc.constant('2026-03-01T03:12:05.000Z'),
    ageS: fc.nat(200_000),
    object: fc.constantFrom('virtual server', ...['11', '12', '13'].map(n => `real server 10.0.0.${n}:6443`)),
    from: fc.constantFrom('new', 'ready', 'dead', 'serving'),
    to: fc.constantFrom('ready', 'dead', 'draining', 'held', 'serving', 'named', 'left', 'gone'),
    why: fc.constantFrom('etimedout', 'http-500', ''),
  }),
  { maxLength: 12 },
);

export const generatedFacts: fc.Arbitrary<Facts> = fc.record({
  virtualServer: anyOf('virtualServer'),
  kernel: anyOf('kernel'),
  route: anyOf('route'),
  conflicts: anyOf('conflicts'),
  sysctls: anyOf('sysctls'),
  hostAddresses: fc.constantFrom(['127.0.0.1', '10.0.0.21'], ['127.0.0.1', '10.0.0.11']),
  lateMs: anyOf('lateMs'),
  conntrack: anyOf('conntrack'),
  modules: anyOf('modules'),
  persisted: anyOf('persisted'),
  missing: fc.constantFrom([], [{ address: '10.0.0.14', port: 6443, ageS: 10_800 }]),
  events: fc.oneof(fc.constant([event()]), anyEvents),
  daemon: anyOf('daemon', NO_DAEMON),
  probes: anyOf('probes', NOT_PROBED.probes),
  throughVip: anyOf('throughVip', NOT_PROBED.throughVip),
  bootService: anyOf('bootService', unseen('a container does not show what the host starts')),
  kubelet: anyOf('kubelet', unseen('no kubelet')),
  kubeProxy: anyOf('kubeProxy'),
  originalTool: anyOf('originalTool'),
});
