// All masters die one after the other and come back in any order, with the daemon as it is and time that is virtual: each of
// the 36 pairs of orders, which the lab shows a few of (kernel/cluster.test.ts, kernel/daemon-memory.test.ts).
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Death, SimulatedNode } from '../../helpers/simulated-cluster.ts';

beforeEach(() => {
  vi.useFakeTimers({
    now: new Date('2026-01-02T03:04:05Z'),
    toFake: [
      ...(['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const),
      ...(['setImmediate', 'clearImmediate', 'Date', 'performance'] as const),
    ],
  });
});
afterEach(() => vi.useRealTimers());

const ORDERS = [
  [1, 2, 3],
  [1, 3, 2],
  [2, 1, 3],
  [2, 3, 1],
  [3, 1, 2],
  [3, 2, 1],
] as const;
type Order = (typeof ORDERS)[number];
const PAIRS = ORDERS.flatMap(died => ORDERS.map(back => ({ died, back })));

/** Behind which death the daemon is started anew; `reboot`: the kernel's tables are empty then, too. */
const RESTARTS = [undefined, 1, 2, 3, 'reboot'] as const;
const APART_MS = 20_000;
const STEP_MS = 250;

/** Of all that was played: from the return of the master until every connection is served. */
const slowest = new Map<string, number>();

async function pass(node: SimulatedNode, milliseconds: number): Promise<void> {
  for (let ms = 0; ms < milliseconds; ms += STEP_MS) {
    await vi.advanceTimersByTimeAsync(STEP_MS);
    expect(node.inKernel, 'somebody takes connections').toMatch(/=1/);
  }
}

async function untilItWorks(node: SimulatedNode, withinMs: number): Promise<number> {
  let tookMs = 0;
  for (; !node.works && tookMs <= withinMs; tookMs += STEP_MS) await pass(node, STEP_MS);
  expect(node.works, `it works after ${withinMs} ms: ${node.inKernel}`).toBe(true);
  return tookMs;
}

async function restart(node: SimulatedNode, reboot: boolean): Promise<void> {
  await node.stop();
  if (reboot) node.loseTables();
  node.start();
}

interface Play {
  readonly died: Order;
  readonly back: Order;
  readonly death: Death;
  readonly restarted: (typeof RESTARTS)[number];
}

async function play({ died, back, death, restarted }: Play): Promise<void> {
  let drawn = 0;
  // The same draws each time, and others for each play.
  const random = (): number => {
    drawn = (drawn + died[0] * 0.37 + back[0] * 0.11 + 0.618_034) % 1;
    return drawn;
  };
  const node = new SimulatedNode(3, random);
  node.start();
  await pass(node, 15_000);
  for (const [index, number] of died.entries()) {
    node.die(number, death);
    if (index < 2) await untilItWorks(node, 6000);
    await pass(node, APART_MS);
    if (restarted === index + 1) await restart(node, false);
  }
  if (restarted === 'reboot') await restart(node, true);
  await pass(node, 40_000);
  for (const [index, number] of back.entries()) {
    if (index > 0) {
      await pass(node, APART_MS);
      expect(node.works, 'still').toBe(true);
    }
    node.comeBack(number);
    if (index > 0) continue;
    const tookMs = await untilItWorks(node, 3000);
    slowest.set(death, Math.max(slowest.get(death) ?? 0, tookMs));
  }
  await pass(node, 60_000);
  expect(node.inKernel).toBe('10.0.0.11=1 10.0.0.12=1 10.0.0.13=1');
  expect([node.persisted.length, node.remembered]).toEqual([3, []]);
  await node.stop();
}

describe.each(['crash', 'power loss', 'orderly end'] as const)('%s', death => {
  test.each(PAIRS)('died $died, came back $back: the first that is back serves within 3 s', async pair => {
    for (const restarted of RESTARTS) await play({ ...pair, death, restarted });
  });
});

// A switch that starts anew: the ports come up one after the other, at any moment of a probe.
test.each(Array.from({ length: 12 }, (_, index) => index * 100))(
  'all lose power, the first comes back after 8 s and %i ms, the second up to a second later: its connections stay',
  async afterMs => {
    for (let laterMs = 0; laterMs <= 1000; laterMs += 100) {
      const node = new SimulatedNode(3, () => 0.5);
      node.start();
      await pass(node, 15_000);
      for (const number of [1, 2, 3]) node.die(number, 'power loss');
      await vi.advanceTimersByTimeAsync(8_000 + afterMs);
      node.comeBack(1);
      await vi.advanceTimersByTimeAsync(laterMs);
      node.comeBack(2);
      const removed: string[] = [];
      for (let ms = 0; ms < 3_000; ms += 50) {
        await vi.advanceTimersByTimeAsync(50);
        if (!node.inKernel.includes('10.0.0.12=1')) removed.push(`${ms} ms: ${node.inKernel}`);
      }
      expect(removed, `${laterMs} ms later`).toEqual([]);
      expect(node.inKernel, 'the third one is out').toBe('10.0.0.11=1 10.0.0.12=1');
      await node.stop();
    }
  },
);

describe.each([true, false])('one master of three is withdrawn; discovery may watch: %j', watches => {
  // Moments between two questions of a discovery that may not watch.
  test.each([0, 7000, 14_000, 28_000].flatMap(laterMs => [0, 4500, 9900].map(forMs => [laterMs, forMs])))(
    '%i ms later than at first, and named for %i ms more: forgotten behind its drain',
    async (laterMs, namedForMs) => {
      const node = new SimulatedNode(3, () => 0.9, { watches });
      node.start();
      await pass(node, 40_000 + (laterMs ?? 0));
      node.die(2, 'orderly end', namedForMs);
      await pass(node, 20_000);
      expect(node.remembered).toMatchObject([{ address: '10.0.0.12', kind: 'withdrawn' }]);
      await pass(node, 120_000);
      expect([node.inKernel, node.remembered]).toEqual(['10.0.0.11=1 10.0.0.13=1', []]);
      await node.stop();
    },
  );
});

afterAll(() => console.log('served after, at most:', Object.fromEntries(slowest)));
