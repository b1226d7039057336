// This node's own connections: who waits for an answer, told once for each thing that is waited for.
import { expect, test } from 'vitest';
import { lookAt, type Memory, nextLookInMs } from '../../../src/lib/health/suspicion.ts';
import type { ObservedTraffic } from '../../../src/lib/sockets/client.ts';

const ESTABLISHED = 1;
const SYN_SENT = 2;

function socket(rest: Partial<ObservedTraffic> = {}): ObservedTraffic {
  const local = { address: '10.0.0.2', port: 40_000 };
  return {
    local,
    state: ESTABLISHED,
    retransmits: 0,
    unackedSegments: 0,
    sinceSentMs: 50,
    sinceReceivedMs: 10,
    ...rest,
  };
}

/** Looks at [time, socket] one after the other; whether each was suspicious. */
function looks(...steps: [number, ObservedTraffic][]): boolean[] {
  let memory: Memory = new Map();
  return steps.map(([now, one]) => {
    const look = lookAt([one], memory, now);
    memory = look.memory;
    return look.isSuspicious;
  });
}

test('an answered request is not suspicious, however long ago it was', () => {
  expect(looks([10_000, socket({ sinceSentMs: 9000, sinceReceivedMs: 8990 })])).toEqual([false]);
});

test('a watch that only receives is not suspicious', () => {
  expect(looks([10_000, socket({ sinceSentMs: 600_000, sinceReceivedMs: 20 })])).toEqual([false]);
});

test('data that nobody answered for half a second is, once; and the next that nobody answers again', () => {
  const waits = (sinceSentMs: number) => socket({ sinceSentMs, sinceReceivedMs: 60_000 });
  expect(
    looks(
      [10_000, waits(250)],
      [10_250, waits(500)],
      [10_500, waits(750)],
      [30_000, waits(20_250)],
      [40_000, waits(1000)],
    ),
  ).toEqual([false, true, false, false, true]);
});

test('a connection that is not made within 300 ms is', () => {
  const connecting = socket({ state: SYN_SENT, sinceSentMs: 0, sinceReceivedMs: 0 });
  expect(
    looks([10_000, connecting], [10_250, connecting], [10_500, connecting], [10_750, connecting]),
  ).toEqual([...[false, false, true, false]]);
});

test('retransmissions of what is not acknowledged are', () => {
  expect(looks([10_000, socket({ retransmits: 1, unackedSegments: 2 })])).toEqual([true]);
  expect(looks([10_000, socket({ retransmits: 1, unackedSegments: 0 })])).toEqual([false]);
});

test('looking costs at most a hundredth of a core', () => {
  expect([0.1, 5, 30, 200].map(nextLookInMs)).toEqual([250, 500, 3000, 5000]);
});
