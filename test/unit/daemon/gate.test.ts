// What discovery named last is looked at again while this host's own apiserver may begin to listen.
import { expect, test } from 'vitest';
import { Gate } from '../../../src/lib/daemon/gate.ts';
import { formatHostPort } from '../../../src/lib/model/address.ts';
import { at } from '../../helpers/evidence.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

/** This host is m1. */
function scene() {
  const clock = new VirtualClock();
  const told: string[] = [];
  const admitted: string[] = [];
  const ports = new Set<number>();
  const gate = new Gate({
    clock,
    around: () => ({
      virtualServer: { address: '10.99.0.1', port: 6443 },
      known: [],
      isHostAddress: address => address === at('m1').address,
      isListening: port => ports.has(port),
    }),
    telemetry: { problem: (_, error) => told.push(String(error)) },
    admitted: masters => admitted.push(masters.map(formatHostPort).join(' ')),
  });
  return { clock, told, admitted, ports, gate };
}

test('an apiserver of this host that listens later than it is named is admitted then', () => {
  const { clock, told, admitted, ports, gate } = scene();
  gate.named([at('m1'), at('m2')]);
  for (const now of [5000, 10_000, 20_000, 30_000]) {
    if (now === 20_000) ports.add(6443);
    clock.run(now);
    gate.askAgain();
  }
  expect(admitted).toEqual([
    ...['10.0.0.2:6443', '10.0.0.2:6443'],
    '10.0.0.1:6443 10.0.0.2:6443', // and it is asked no more
  ]);
  expect(told).toHaveLength(1);
});

test('what is refused for another reason is not looked at again', () => {
  const { clock, told, admitted, gate } = scene();
  gate.named([at('m2'), { address: '127.0.0.1', port: 6443 }]);
  clock.run(60_000);
  gate.askAgain();
  expect([admitted, told.length]).toEqual([['10.0.0.2:6443'], 1]);
});

test('what cannot be looked at (descriptors, netlink) is told, ends nothing, and is looked at again', () => {
  const told: string[] = [];
  const admitted: string[] = [];
  const clock = new VirtualClock();
  let works = false;
  const gate = new Gate({
    clock,
    around: () => {
      if (!works) throw new Error('EMFILE');
      return {
        ...{ virtualServer: { address: '10.99.0.1', port: 6443 }, known: [] },
        ...{ isHostAddress: () => false, isListening: () => false },
      };
    },
    telemetry: { problem: (_, error) => told.push(String(error)) },
    admitted: masters => admitted.push(masters.map(formatHostPort).join(' ')),
  });
  gate.named([at('m2')]);
  expect([told, admitted]).toEqual([['Error: EMFILE'], []]);
  works = true;
  clock.run(10_000);
  gate.askAgain();
  expect([told.length, admitted]).toEqual([1, ['10.0.0.2:6443']]);
});
