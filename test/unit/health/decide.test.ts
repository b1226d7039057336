// From health to weights: who serves, who drains, who goes, and what is held when nobody is left.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CandidateView, decide } from '../../../src/lib/health/decide.ts';
import type { ObservedRealServer } from '../../../src/lib/reconcile/state.ts';

const DRAIN_MS = 60_000;

/** "m1" is 10.0.0.1:6443. */
function at(name: string): { address: string; port: number } {
  return { address: `10.0.0.${name.slice(1)}`, port: 6443 };
}

function candidate(name: string, rest: Partial<CandidateView> = {}): CandidateView {
  return {
    ...at(name),
    state: 'ready',
    stateAgeMs: 1_000,
    promising: rest.state === undefined || rest.state === 'ready',
    discovered: true,
    ...rest,
  };
}

function inKernel(name: string, weight = 1, activeConnections = 0): ObservedRealServer {
  return { ...at(name), weight, masquerading: true, activeConnections, inactiveConnections: 0 };
}

/** { m1: 1, m2: 0 } */
function weights(candidates: CandidateView[], kernel: ObservedRealServer[] = []): Record<string, number> {
  const { realServers } = decide(candidates, kernel, DRAIN_MS);
  return Object.fromEntries(
    realServers.map(({ address, weight }) => [`m${address.split('.').at(-1)}`, weight]),
  );
}

describe('who serves', () => {
  test('the ready ones; a dead one goes', () => {
    const candidates = [candidate('m1'), candidate('m2', { state: 'dead' }), candidate('m3')];
    expect(weights(candidates, [inKernel('m1'), inKernel('m2', 1, 9)])).toEqual({ m1: 1, m3: 1 });
  });

  test('a new one waits for its probes, unless the kernel has it: then it stays as it is', () => {
    const candidates = [
      candidate('m1'),
      candidate('m2', { state: 'new' }),
      candidate('m3', { state: 'new' }),
    ];
    expect(weights(candidates, [inKernel('m1'), inKernel('m2')])).toEqual({ m1: 1, m2: 1 });
  });

  test('at the start, with an empty kernel and nothing probed, all of them', () => {
    expect(weights([candidate('m1', { state: 'new' }), candidate('m2', { state: 'new' })])).toEqual({
      m1: 1,
      m2: 1,
    });
  });

  test('at the start, what the kernel has stays as it is until the first answers', () => {
    const candidates = [candidate('m1', { state: 'new' }), candidate('m2', { state: 'new' })];
    expect(weights(candidates, [inKernel('m1')])).toEqual({ m1: 1 });
    expect(weights(candidates, [inKernel('m1', 0)])).toEqual({ m1: 1, m2: 1 });
  });

  test('one that left discovery but is the only healthy one stays', () => {
    const candidates = [candidate('m1', { discovered: false }), candidate('m2', { state: 'dead' })];
    expect(weights(candidates, [inKernel('m1')])).toEqual({ m1: 1 });
  });

  test('nobody is ready: the first good answer is better than none', () => {
    const candidates = [
      candidate('m1', { state: 'dead' }),
      candidate('m2', { state: 'dead', promising: true }),
    ];
    expect(weights(candidates, [inKernel('m1'), inKernel('m2')])).toEqual({ m2: 1 });
  });

  test('nobody is ready: one that answers with 500 is better than a dead one', () => {
    const candidates = [
      candidate('m1', { state: 'draining', stateAgeMs: 10 * DRAIN_MS }),
      candidate('m2', { state: 'dead' }),
    ];
    expect(weights(candidates, [inKernel('m1', 0)])).toEqual({ m1: 1 });
  });

  test('everything is dead: all are held', () => {
    const candidates = [candidate('m1', { state: 'dead' }), candidate('m2', { state: 'dead' })];
    expect(decide(candidates, [inKernel('m1')], DRAIN_MS).held).toBe(true);
    expect(weights(candidates, [inKernel('m1')])).toEqual({ m1: 1, m2: 1 });
  });
});

describe('draining', () => {
  const draining = (rest: Partial<CandidateView> = {}): CandidateView[] => [
    candidate('m1'),
    candidate('m2', { state: 'draining', ...rest }),
  ];

  test('takes the weight and leaves the connections', () => {
    expect(weights(draining(), [inKernel('m1'), inKernel('m2', 1, 3)])).toEqual({ m1: 1, m2: 0 });
    expect(weights(draining(), [inKernel('m1'), inKernel('m2', 0, 3)])).toEqual({ m1: 1, m2: 0 });
  });

  test('takes the weight first even where there is no connection: a handshake may be under way', () => {
    expect(weights(draining(), [inKernel('m1'), inKernel('m2', 1, 0)])).toEqual({ m1: 1, m2: 0 });
    expect(weights(draining(), [inKernel('m1'), inKernel('m2', 0, 0)])).toEqual({ m1: 1, m2: 0 });
  });

  test('ends with the last connection, or when its time is over', () => {
    const settled = draining({ stateAgeMs: 2_000 });
    expect(weights(settled, [inKernel('m1'), inKernel('m2', 0, 0)])).toEqual({ m1: 1 });
    expect(weights(settled, [inKernel('m1'), inKernel('m2', 0, 3)])).toEqual({ m1: 1, m2: 0 });
    expect(weights(draining({ stateAgeMs: DRAIN_MS }), [inKernel('m1'), inKernel('m2', 0, 3)])).toEqual({
      m1: 1,
    });
  });

  test('is not for one that the kernel does not have', () => {
    expect(weights(draining(), [inKernel('m1')])).toEqual({ m1: 1 });
  });

  test('is what happens to a ready one that left discovery', () => {
    const candidates = [candidate('m1'), candidate('m2', { discovered: false })];
    expect(weights(candidates, [inKernel('m1'), inKernel('m2', 1, 3)])).toEqual({ m1: 1, m2: 0 });
  });
});

describe('with any candidates and any kernel', () => {
  const names = ['m1', 'm2', 'm3', 'm4', 'm5'];
  const view = fc.record({
    state: fc.constantFrom('new', 'ready', 'draining', 'dead') as fc.Arbitrary<CandidateView['state']>,
    stateAgeMs: fc.nat(2 * DRAIN_MS),
    promising: fc.boolean(),
    discovered: fc.boolean(),
  });
  const candidates = fc
    .tuple(fc.subarray(names, { minLength: 1 }), fc.array(view, { minLength: 5, maxLength: 5 }))
    .map(([chosen, views]) => chosen.map((name, index) => candidate(name, views[index])));
  const kernel = fc
    .tuple(fc.subarray(names), fc.array(fc.tuple(fc.nat(2), fc.nat(3)), { minLength: 5, maxLength: 5 }))
    .map(([chosen, shapes]) =>
      chosen.map((name, index) => inKernel(name, shapes[index]?.[0], shapes[index]?.[1])),
    );

  const RUNS = { numRuns: 10_000 };

  test('somebody always takes connections', () => {
    const property = fc.property(candidates, kernel, (views, table) => {
      const { realServers } = decide(views, table, DRAIN_MS);
      expect(realServers.some(({ weight }) => weight > 0)).toBe(true);
    });
    fc.assert(property, RUNS);
  });

  test('only candidates are named, each once', () => {
    const property = fc.property(candidates, kernel, (views, table) => {
      const named = decide(views, table, DRAIN_MS).realServers.map(({ address }) => address);
      expect(new Set(named).size).toBe(named.length);
      for (const address of named) expect(views.map(view => view.address)).toContain(address);
    });
    fc.assert(property, RUNS);
  });

  test('a dead one never takes connections while a discovered one is ready', () => {
    const property = fc.property(candidates, kernel, (views, table) => {
      fc.pre(views.some(({ state, discovered }) => state === 'ready' && discovered));
      const { realServers, held } = decide(views, table, DRAIN_MS);
      expect(held).toBe(false);
      const dead = views.filter(({ state }) => state === 'dead').map(({ address }) => address);
      expect(realServers.filter(({ address }) => dead.includes(address))).toEqual([]);
    });
    fc.assert(property, RUNS);
  });
});
