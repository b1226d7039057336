// From health to weights: who serves, who gets nobody new, who is dead, and what is held when nobody is known to serve.
import { describe, expect, test } from 'vitest';
import { type CandidateView, type Decision, decide, type Policy } from '../../../src/lib/health/decide.ts';
import { heard } from '../../../src/lib/health/scoreboard.ts';
import type { ObservedRealServer } from '../../../src/lib/reconcile/state.ts';
import { candidate, healthAfter, inKernel } from '../../helpers/evidence.ts';

const POLICY: Policy = { hangTimeMs: 4000, drainTimeoutMs: 60_000, softDelayMs: 500, softCuts: [] };
/** Histories end here. */
const NOW = 100_000;

/** { m1: '++' }, with histories that end at NOW. */
function masters(histories: Record<string, string>): CandidateView[] {
  return Object.entries(histories).map(([name, history]) => candidate(name, healthAfter(history, NOW)));
}

function weights({ realServers }: Decision): Record<string, number> {
  return Object.fromEntries(
    realServers.map(({ address, weight }) => [`m${address.split('.').at(-1)}`, weight]),
  );
}

const dead = (decision: Decision): string[] =>
  decision.dead.map(({ realServer }) => `m${realServer.address.split('.').at(-1)}`);

function look(
  candidates: CandidateView[],
  kernel: ObservedRealServer[],
  { now = NOW, ...policy }: Partial<Policy> & { now?: number } = {},
): Decision {
  return decide(candidates, kernel, { ...POLICY, ...policy }, now);
}

const ALL = [inKernel('m1', 1, 3), inKernel('m2', 1, 3), inKernel('m3', 1, 3)];

describe('who serves', () => {
  test('the ready ones; a new one waits for its probes, unless the kernel has it', () => {
    const candidates = masters({ m1: '++', m2: '', m3: '' });
    expect(weights(look(candidates, [inKernel('m1'), inKernel('m2')]))).toEqual({ m1: 1, m2: 1 });
  });

  test('at the start, with an empty kernel and nothing probed, all of them; otherwise what the kernel has', () => {
    const candidates = masters({ m1: '', m2: '' });
    expect(weights(look(candidates, []))).toEqual({ m1: 1, m2: 1 });
    expect(weights(look(candidates, [inKernel('m1')]))).toEqual({ m1: 1 });
    expect(look(candidates, [inKernel('m1')]).held).toBe(false);
    expect(weights(look(candidates, [inKernel('m1', 0)]))).toEqual({ m1: 1, m2: 1 });
  });

  test('nobody is ready: the first good answer is better than none, then a late one, then a 500', () => {
    expect(weights(look(masters({ m1: '+', m2: 'll' }), []))).toEqual({ m1: 1 });
    expect(weights(look(masters({ m1: 'nn', m2: 'll' }), []))).toEqual({ m2: 1 });
    expect(weights(look(masters({ m1: 'nn', m2: 'r' }), []))).toEqual({ m1: 1 });
  });

  test('one that left discovery but is the only healthy one stays', () => {
    const left = candidate('m1', healthAfter('++', NOW), NOW - 1000);
    expect(weights(look([left, ...masters({ m2: 'r' })], [inKernel('m1')]))).toEqual({ m1: 1 });
  });
});

describe('host silent', () => {
  test('is dead at once with a witness', () => {
    const decision = look(masters({ m1: '++hh', m2: '++++', m3: '++++' }), ALL);
    expect(dead(decision)).toEqual(['m1']);
    expect(weights(decision)).toEqual({ m2: 1, m3: 1 });
  });

  test('is not dead before it was asked once more', () => {
    const decision = look(masters({ m1: '++h', m2: '++++', m3: '++++' }), ALL);
    expect([dead(decision), weights(decision)]).toEqual([[], { m1: 1, m2: 1, m3: 1 }]);
  });

  test('without a witness it is this node’s network: nothing changes', () => {
    const decision = look(masters({ m1: '++hh', m2: '++hh', m3: '++hh' }), ALL);
    expect([decision.held, dead(decision), weights(decision)]).toEqual([true, [], { m1: 1, m2: 1, m3: 1 }]);
  });

  test('a witness is one that was heard after the silence began, and a refusal is heard', () => {
    const before = [
      candidate('m1', healthAfter('++hh', NOW)),
      candidate('m2', healthAfter('++', NOW - 10_000)),
    ];
    expect(dead(look(before, ALL))).toEqual([]);
    const refused = [
      ...masters({ m1: '++hh', m2: '+++r' }),
      candidate('m3', healthAfter('++', NOW - 10_000)),
    ];
    expect(dead(look(refused, ALL))).toEqual(['m1']);
  });
});

describe('process silent', () => {
  const hung = (others: Record<string, string>) => masters({ m1: '++p', ...others });
  /** Its silence began 1 s before NOW. */
  const silentFor = (silenceMs: number) => ({ now: NOW - 1000 + silenceMs });

  test('keeps its weight until half a second before the hang time; then it gets nobody new, and goes at this node’s own moment', () => {
    const candidates = hung({ m2: '++++++', m3: '++++++' });
    expect(weights(look(candidates, ALL, silentFor(3499)))).toEqual({ m1: 1, m2: 1, m3: 1 });
    expect(weights(look(candidates, ALL, silentFor(3500)))).toEqual({ m1: 0, m2: 1, m3: 1 });
    const cut = look(candidates, ALL, silentFor(4600));
    expect([cut.dead.map(({ soft }) => soft), weights(cut)]).toEqual([[true], { m2: 1, m3: 1 }]);
  });

  test('keeps its weight until the hang time beside those that are late or were quick only before: it may be everybody’s overload', () => {
    const [m1, m2, m3] = hung({ m2: '+l', m3: '++++l' });
    const weightOf = (...all: (CandidateView | undefined)[]) =>
      [3999, 4000].map(silenceMs => weights(look(all as CandidateView[], ALL, silentFor(silenceMs))).m1);
    expect(weightOf(m1, m2, m3)).toEqual([1, 0]);
    const quickAgain = candidate('m2', healthAfter('ll++', NOW + 1000));
    expect(weightOf(m1, quickAgain, m3)).toEqual([1, 0]);
  });

  test('says when it will be decided otherwise', () => {
    const nextAt = (silenceMs: number): number | undefined =>
      look(hung({ m2: '++++', m3: '++++' }), ALL, silentFor(silenceMs)).nextAt;
    expect([1000, 3500, 4100].map(nextAt)).toEqual([3500, 4000, 4500].map(ms => NOW - 1000 + ms));
  });

  test('no more than the budget goes; the next gets nobody new and goes after the long silence', () => {
    const two = masters({ m1: '++pp', m2: '+++p', m3: '++++' });
    const first = look(two, ALL, { now: NOW + 4000 });
    expect([dead(first), weights(first)]).toEqual([['m1'], { m2: 0, m3: 1 }]);
    const spent = { softCuts: [NOW + 4000] };
    const left = [candidate('m1', { ...healthAfter('++pp', NOW), state: 'dead' as const }), ...two.slice(1)];
    expect(dead(look(left, ALL.slice(1), { ...spent, now: NOW + 14_000 }))).toEqual([]);
    expect(dead(look(left, ALL.slice(1), { ...spent, now: NOW + 15_500 }))).toEqual(['m2']);
  });

  test('one that is gone already counts: a second of three goes only after the long silence', () => {
    const one = [...masters({ m1: '++p', m3: '++++' }), candidate('m2', healthAfter('++r', NOW))];
    const kernel = [inKernel('m1'), inKernel('m3')];
    expect([dead(look(one, kernel, silentFor(5000))), weights(look(one, kernel, silentFor(5000)))]).toEqual([
      [],
      { m1: 0, m3: 1 },
    ]);
    expect(dead(look(one, kernel, silentFor(15_600)))).toEqual(['m1']);
  });

  test('a witness that answers late is no witness of haste: it may be everybody’s overload', () => {
    const late = hung({ m2: '++++ll', m3: '++++ll' });
    expect(dead(look(late, ALL, silentFor(5000)))).toEqual([]);
    expect(dead(look(late, ALL, silentFor(15_600)))).toEqual(['m1']);
  });

  test('without a witness nothing changes', () => {
    const all = masters({ m1: '++p', m2: '++p', m3: '++p' });
    expect(look(all, ALL, silentFor(20_000))).toMatchObject({ held: true, dead: [] });
  });

  test('bytes of other traffic end it', () => {
    const candidates = hung({ m2: '++++', m3: '++++' }).map(each => ({
      ...each,
      health: heard(each.health, NOW + 2000),
    }));
    expect(weights(look(candidates, ALL, silentFor(4600)))).toEqual({ m1: 1, m2: 1, m3: 1 });
  });
});

describe('slow', () => {
  test('gets nobody new while a quick one is there, keeps its connections, and never goes', () => {
    const candidates = masters({ m1: '++ll', m2: '++++', m3: '++++' });
    expect(weights(look(candidates, ALL))).toEqual({ m1: 0, m2: 1, m3: 1 });
    const hour = look(candidates, [inKernel('m1', 0, 0), ...ALL.slice(1)], { now: NOW + 3_600_000 });
    expect(weights(hour)).toEqual({ m1: 0, m2: 1, m3: 1 });
  });

  test('all are slow: all serve', () => {
    expect(weights(look(masters({ m1: '++ll', m2: '++ll', m3: '++ll' }), ALL))).toEqual({
      m1: 1,
      m2: 1,
      m3: 1,
    });
  });

  test('the others were not asked since: it may be everybody’s overload, and nothing changes', () => {
    const candidates = [
      candidate('m1', healthAfter('++ll', NOW)),
      candidate('m2', healthAfter('++', NOW - 5000)),
    ];
    expect(weights(look(candidates, ALL))).toEqual({ m1: 1, m2: 1 });
  });

  test('the other became quick after this one was last late: the overload may be over', () => {
    const candidates = [
      candidate('m1', healthAfter('++ll', NOW - 3000)),
      candidate('m2', healthAfter('++ll++', NOW)),
    ];
    expect(weights(look(candidates, ALL))).toEqual({ m1: 1, m2: 1 });
  });

  test('one that came back slow is not taken in while somebody is ready', () => {
    expect(weights(look(masters({ m1: 'll', m2: '++' }), [inKernel('m2')]))).toEqual({ m2: 1 });
  });
});

describe('closing', () => {
  test('gets nobody new at once, and goes when its last connection has ended', () => {
    const candidates = masters({ m1: '++r', m2: '++', m3: '++' });
    expect(weights(look(candidates, ALL))).toEqual({ m1: 0, m2: 1, m3: 1 });
    expect(weights(look(candidates, [inKernel('m1', 0, 1), ...ALL.slice(1)]))).toEqual({
      m1: 0,
      m2: 1,
      m3: 1,
    });
    expect(weights(look(candidates, [inKernel('m1', 0, 0), ...ALL.slice(1)]))).toEqual({ m2: 1, m3: 1 });
  });

  test('goes at the drain time, and at once when its host falls silent', () => {
    const candidates = masters({ m1: '++r', m2: '++', m3: '++' });
    expect(weights(look(candidates, ALL, { now: NOW + 60_000 }))).toEqual({ m2: 1, m3: 1 });
    expect(dead(look(masters({ m1: '++rhh', m2: '++++++' }), ALL))).toEqual(['m1']);
  });
});

describe('closing, while nobody is quick', () => {
  test.each([
    ['one that has just begun to listen, and is not ready', 'rrn'],
    ['one that is late', '++rll'],
  ])('gets nobody new beside %s', (_, history) => {
    const candidates = masters({ m1: history, m2: '++r', m3: 'r' });
    const kernel = [inKernel('m2'), inKernel('m3')];
    expect(weights(look(candidates, kernel))).toEqual({ m1: 1, m2: 0, m3: 0 });
  });
});

describe('draining', () => {
  test('takes the weight and leaves the connections, until they have ended or its time is over', () => {
    const draining = masters({ m1: '++', m2: '++nn' });
    const kernel = (weight: number, connections: number) => [
      inKernel('m1'),
      inKernel('m2', weight, connections),
    ];
    expect(weights(look(draining, kernel(1, 0)))).toEqual({ m1: 1, m2: 0 });
    expect(weights(look(draining, kernel(0, 0), { now: NOW + 1900 }))).toEqual({ m1: 1, m2: 0 });
    expect(weights(look(draining, kernel(0, 0), { now: NOW + 2000 }))).toEqual({ m1: 1 });
    expect(weights(look(draining, kernel(0, 3), { now: NOW + 59_000 }))).toEqual({ m1: 1, m2: 0 });
    expect(weights(look(draining, kernel(0, 3), { now: NOW + 60_000 }))).toEqual({ m1: 1 });
  });

  test('is what happens to a ready one that left discovery', () => {
    const left = candidate('m2', healthAfter('++', NOW), NOW);
    expect(weights(look([...masters({ m1: '++' }), left], ALL.slice(0, 2)))).toEqual({ m1: 1, m2: 0 });
  });
});

describe('held', () => {
  test('is as the kernel has it: nothing is added, lowered or removed, what nobody named included', () => {
    const decision = look(masters({ m1: '++r', m2: '++r', m4: 'r' }), [
      inKernel('m1', 0, 2),
      inKernel('m2'),
      inKernel('m9'),
    ]);
    expect([decision.held, weights(decision)]).toEqual([true, { m1: 0, m2: 1, m9: 1 }]);
  });

  test('no weight is left: all get one', () => {
    const decision = look(masters({ m1: '++r', m2: '++r' }), [inKernel('m1', 0), inKernel('m2', 0)]);
    expect(weights(decision)).toEqual({ m1: 1, m2: 1 });
  });
});
