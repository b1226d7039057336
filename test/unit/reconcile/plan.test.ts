// The rules of a plan, first as examples in words, then as properties over generated worlds.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalHostPort } from '../../../src/lib/model/address.ts';
import { plan, planRemoval } from '../../../src/lib/reconcile/plan.ts';
import type { Desired, Observed } from '../../../src/lib/reconcile/state.ts';
import { describeStep, type Step } from '../../../src/lib/reconcile/steps.ts';
import { finalState, isServing, statesOf } from '../../helpers/model-kernel.ts';
import {
  desired,
  master,
  NOTHING,
  observed,
  VIP,
  virtualServer,
  WORKER,
} from '../../helpers/plan-builders.ts';

const said = (steps: readonly Step[]): string[] => steps.map(describeStep);

describe('plan: from nothing, and back to rest', () => {
  test('a kernel that has nothing gets parameters, virtual server, real servers and then the route', () => {
    const sysctls = new Map([['net.ipv4.vs.conntrack', '1']]);
    const now: Observed = { ...NOTHING, sysctls: new Map([['net.ipv4.vs.conntrack', '0']]) };
    expect(said(plan(desired({ sysctls }), now))).toEqual([
      'set net.ipv4.vs.conntrack = 1 (was 0)',
      'add virtual server 10.99.0.1:6443, scheduler sh',
      'add real server 10.0.0.11:6443, weight 1',
      'add real server 10.0.0.12:6443, weight 1',
      'add local route 10.99.0.1, source 10.0.0.2',
    ]);
  });

  test('a kernel that has everything gets nothing', () => {
    expect(plan(desired(), observed())).toEqual([]);
  });

  test('the order in which the kernel lists real servers does not matter', () => {
    expect(plan(desired({ masters: { a: 1, b: 1 } }), observed({ masters: { b: 1, a: 1 } }))).toEqual([]);
  });

  test('connections that come and go are no reason for a change', () => {
    expect(plan(desired(), observed({ each: { activeConnections: 7, inactiveConnections: 3 } }))).toEqual([]);
  });
});

describe('plan: real servers', () => {
  test('a new master comes before the old one goes', () => {
    const steps = plan(
      desired({ masters: { b: 1 } }),
      observed({ masters: { a: 1 }, each: { activeConnections: 2 } }),
    );
    expect(said(steps)).toEqual([
      'add real server 10.0.0.12:6443, weight 1',
      'remove real server 10.0.0.11:6443 (2 active connections)',
    ]);
  });

  test('a raised weight comes before a lowered one, and that before a removal', () => {
    const steps = plan(desired({ masters: { a: 0, b: 1 } }), observed({ masters: { a: 1, b: 0, c: 1 } }));
    expect(said(steps)).toEqual([
      'change weight of real server 10.0.0.12:6443 from 0 to 1',
      'change weight of real server 10.0.0.11:6443 from 1 to 0',
      'remove real server 10.0.0.13:6443 (0 active connections)',
    ]);
  });

  test('nothing is wanted: what is there stays as it is', () => {
    expect(plan(desired({ masters: {} }), observed({ masters: { a: 1, b: 0 } }))).toEqual([]);
  });

  test('nothing is wanted and what is there takes no connections: all of it does again', () => {
    expect(said(plan(desired({ masters: {} }), observed({ masters: { a: 0, b: 0 } })))).toEqual([
      'change weight of real server 10.0.0.11:6443 from 0 to 1',
      'change weight of real server 10.0.0.12:6443 from 0 to 1',
    ]);
  });

  test('everything wanted has weight 0: all of it takes connections all the same', () => {
    expect(plan(desired({ masters: { a: 0, b: 0 } }), observed({ masters: { a: 1, b: 1 } }))).toEqual([]);
  });

  test('one that was set by hand to another forwarding method is set back to masquerading', () => {
    const steps = plan(
      desired({ masters: { a: 1 } }),
      observed({ masters: { a: 1 }, each: { masquerading: false } }),
    );
    expect(said(steps)).toEqual(['set real server 10.0.0.11:6443 to masquerading']);
  });

  test('the same address with another port is another real server', () => {
    const moved = { ...master('a'), port: 8443, weight: 1 };
    const steps = plan({ ...desired(), realServers: [moved] }, observed({ masters: { a: 1 } }));
    expect(said(steps)).toEqual([
      'add real server 10.0.0.11:8443, weight 1',
      'remove real server 10.0.0.11:6443 (0 active connections)',
    ]);
  });
});

describe('plan: the virtual server is changed in place', () => {
  test.each<[string, ReturnType<typeof virtualServer>, string]>([
    [
      'another scheduler',
      virtualServer({ scheduler: 'rr' }),
      'change scheduler of virtual server 10.99.0.1:6443 from rr to sh',
    ],
    ['other flags', virtualServer({ flags: 0 }), 'set the flags of virtual server 10.99.0.1:6443'],
    [
      'a persistence timeout that was set by hand',
      virtualServer({ timeoutS: 300 }),
      'set the flags of virtual server 10.99.0.1:6443',
    ],
    [
      'no scheduler at all',
      virtualServer({ scheduler: '' }),
      'change scheduler of virtual server 10.99.0.1:6443 from none to sh',
    ],
  ])('%s', (_, now, sentence) => {
    expect(said(plan(desired(), observed({ virtualServer: now })))).toEqual([sentence]);
  });
});

describe('plan: the local route', () => {
  test.each<[string, Desired['route'], Observed['route'], string[]]>([
    ['missing: it is added', { source: WORKER }, undefined, ['add local route 10.99.0.1, source 10.0.0.2']],
    [
      'another source: it is changed',
      { source: WORKER },
      { source: '10.0.0.3', ours: true },
      ['change local route 10.99.0.1, source 10.0.0.2'],
    ],
    [
      'no source where one is wanted: it is changed',
      { source: WORKER },
      { source: undefined, ours: true },
      ['change local route 10.99.0.1, source 10.0.0.2'],
    ],
    [
      'the kernel is to choose and a source is set: it is changed',
      { source: undefined },
      { source: WORKER, ours: true },
      ['change local route 10.99.0.1'],
    ],
    [
      'the kernel is to choose and does: it stays',
      { source: undefined },
      { source: undefined, ours: true },
      [],
    ],
    [
      'another segment: it is changed',
      { source: WORKER, advmss: 1360 },
      { source: WORKER, advmss: 1460, ours: true },
      ['change local route 10.99.0.1, source 10.0.0.2, MSS 1360'],
    ],
    ['no segment is known: it stays', { source: WORKER }, { source: WORKER, advmss: 1460, ours: true }, []],
    [
      "another segment, but somebody else's: it stays theirs",
      { source: WORKER, advmss: 1360 },
      { source: WORKER, ours: false },
      [],
    ],
    ["right, but somebody else's: it stays theirs", { source: WORKER }, { source: WORKER, ours: false }, []],
    ['not ours to touch: it stays missing', undefined, undefined, []],
    ['not ours to touch: it stays wrong', undefined, { source: '10.0.0.3', ours: false }, []],
  ])('%s', (_, wanted, now, sentences) => {
    expect(said(plan(desired({ route: wanted }), observed({ route: now })))).toEqual(sentences);
  });
});

describe('plan: kernel parameters', () => {
  const sysctls = new Map([['net.ipv4.vs.conntrack', '1']]);

  test.each<[string, [string, string | undefined][], string[]]>([
    ['another value is set', [['net.ipv4.vs.conntrack', '0']], ['set net.ipv4.vs.conntrack = 1 (was 0)']],
    ['the wanted value stays', [['net.ipv4.vs.conntrack', '1']], []],
    ['one that this kernel lacks is left out', [['net.ipv4.vs.conntrack', undefined]], []],
    ['one that was not looked at is left out', [], []],
  ])('%s', (_, now, sentences) => {
    expect(said(plan(desired({ sysctls }), observed({ sysctls: new Map(now) })))).toEqual(sentences);
  });
});

describe('planRemoval', () => {
  test('virtual server, then our route, then the parameters as they were', () => {
    const target = { ...desired(), sysctls: new Map([['net.ipv4.vs.conntrack', '0']]) };
    const now = observed({ sysctls: new Map([['net.ipv4.vs.conntrack', '1']]) });
    expect(said(planRemoval(target, now))).toEqual([
      'remove virtual server 10.99.0.1:6443 with its 2 real servers',
      'remove local route 10.99.0.1',
      'set net.ipv4.vs.conntrack = 0 (was 1)',
    ]);
  });

  test('a kernel that never heard of us stays as it is', () => {
    expect(planRemoval(desired(), NOTHING)).toEqual([]);
  });

  test("somebody else's route stays", () => {
    const now = observed({ route: { source: WORKER, ours: false } });
    expect(said(planRemoval(desired(), now))).toEqual([
      'remove virtual server 10.99.0.1:6443 with its 2 real servers',
    ]);
  });

  test('our route goes although the virtual server has gone before', () => {
    const now = observed({ virtualServer: undefined, masters: {} });
    expect(said(planRemoval(desired(), now))).toEqual(['remove local route 10.99.0.1']);
  });
});

// Worlds in which the same few addresses, weights and names meet often.
const weight = fc.constantFrom(0, 1, 2);
const realServer = fc.record({
  address: fc.constantFrom('10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.14'),
  port: fc.constantFrom(6443, 8443),
});
const sameServer = { comparator: equalHostPort, maxLength: 6 };
const source = fc.constantFrom(undefined, WORKER, '10.0.0.3');
const advmss = fc.constantFrom(undefined, 1460, 1360);
const SYSCTLS = ['net.ipv4.vs.conntrack', 'net.ipv4.vs.expire_nodest_conn', 'net.ipv4.vs.foreign'];
const sysctlValues = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...SYSCTLS), value), { selector: ([name]) => name })
    .map(pairs => new Map(pairs));
const schedulerAndFlags = { scheduler: fc.constantFrom('sh', 'rr', 'mh'), flags: fc.constantFrom(0, 8, 24) };

const desiredWorld: fc.Arbitrary<Desired> = fc.record({
  virtualServer: fc.constant({ address: VIP, port: 6443 }),
  ...schedulerAndFlags,
  realServers: fc.uniqueArray(
    fc.tuple(realServer, weight).map(([server, weight]) => ({ ...server, weight })),
    sameServer,
  ),
  route: fc.option(fc.record({ source, advmss }), { nil: undefined }),
  sysctls: sysctlValues(fc.constantFrom('0', '1')),
});

const observedRealServer = fc
  .record({
    server: realServer,
    weight,
    masquerading: fc.boolean(),
    activeConnections: fc.nat({ max: 3 }),
    inactiveConnections: fc.nat({ max: 3 }),
  })
  .map(({ server, ...rest }) => ({ ...server, ...rest }));

const observedWorld: fc.Arbitrary<Observed> = fc
  .record({
    virtualServer: fc.option(fc.record({ ...schedulerAndFlags, timeoutS: fc.constantFrom(0, 300) }), {
      nil: undefined,
    }),
    realServers: fc.uniqueArray(observedRealServer, sameServer),
    route: fc.option(fc.record({ source, advmss, ours: fc.boolean() }), { nil: undefined }),
    sysctls: sysctlValues(fc.constantFrom(undefined, '0', '1')),
  })
  .map(now => (now.virtualServer === undefined ? { ...now, realServers: [] } : now));

/** The rule holds in each of 10,000 generated worlds. */
function inEveryWorld(rule: (desired: Desired, observed: Observed) => void): void {
  fc.assert(fc.property(desiredWorld, observedWorld, rule), { numRuns: 10_000 });
}

describe('plan, in every world', () => {
  test('never empty: once some real server takes connections, some real server does after every step', () => {
    inEveryWorld((wanted, now) => {
      let served = false;
      for (const state of statesOf(now, plan(wanted, now))) {
        if (served) expect(isServing(state)).toBe(true);
        served = isServing(state);
      }
    });
  });

  test('never empty: at the end some real server takes connections, unless none was wanted and none was there', () => {
    inEveryWorld((wanted, now) => {
      const none = wanted.realServers.length === 0 && now.realServers.length === 0;
      expect(isServing(finalState(now, plan(wanted, now)))).toBe(!none);
    });
  });

  test('make before break: what adds or raises comes before what lowers or removes', () => {
    inEveryWorld((wanted, now) => {
      const kinds = plan(wanted, now)
        .map(effectOf)
        .filter(effect => effect !== 'neither');
      expect(kinds).toEqual([
        ...kinds.filter(effect => effect === 'make'),
        ...kinds.filter(effect => effect === 'break'),
      ]);
    });
  });

  test('the virtual server is never removed, and neither is the route', () => {
    inEveryWorld((wanted, now) => {
      const kinds = plan(wanted, now).map(({ kind }) => kind);
      expect(kinds).not.toContain('remove-virtual-server');
      expect(kinds).not.toContain('remove-route');
    });
  });

  test('only ours: each step names our virtual server, our VIP or a parameter that we were given', () => {
    inEveryWorld((wanted, now) => {
      for (const step of plan(wanted, now)) expectOurs(step, wanted);
    });
  });

  test('it converges in one pass: after its last step nothing is left to plan', () => {
    inEveryWorld((wanted, now) => {
      expect(plan(wanted, finalState(now, plan(wanted, now)))).toEqual([]);
    });
  });

  test('it can be cut short: a plan made after any of its steps is what was not done yet', () => {
    inEveryWorld((wanted, now) => {
      // Where nothing is wanted, what is there is the wish, and each step changes it.
      fc.pre(wanted.realServers.length > 0);
      const steps = plan(wanted, now);
      const left = statesOf(now, steps).map(state => said(plan(wanted, state)));
      expect(left).toEqual([...steps.keys(), steps.length].map(done => said(steps.slice(done))));
    });
  });
});

describe('planRemoval, in every world', () => {
  test('afterwards the virtual server is gone, and so is a route of ours; a second run has nothing to do', () => {
    inEveryWorld((wanted, now) => {
      const after = finalState(now, planRemoval(wanted, now));
      expect(after.virtualServer).toBeUndefined();
      expect(after.route).toEqual(now.route?.ours ? undefined : now.route);
      expect(planRemoval(wanted, after)).toEqual([]);
    });
  });

  test('only ours: each step names our virtual server, our VIP or a parameter that we were given', () => {
    inEveryWorld((wanted, now) => {
      for (const step of planRemoval(wanted, now)) expectOurs(step, wanted);
    });
  });
});

function effectOf(step: Step): 'make' | 'break' | 'neither' {
  if (step.kind === 'add-real-server') return 'make';
  if (step.kind === 'remove-real-server') return 'break';
  if (step.kind !== 'update-real-server') return 'neither';
  return step.weight < step.weightBefore ? 'break' : 'make';
}

function expectOurs(step: Step, { virtualServer, sysctls }: Desired): void {
  if ('virtualServer' in step) expect(step.virtualServer).toEqual(virtualServer);
  else if ('vip' in step) expect(step.vip).toBe(virtualServer.address);
  else expect(step.value).toBe(sysctls.get(step.name));
}
