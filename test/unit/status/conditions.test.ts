import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/lib/status/condition.ts';
import { CONDITIONS, diagnose } from '../../../src/lib/status/conditions.ts';
import type { Facts } from '../../../src/lib/status/report.ts';
import { CONDITION_CASES } from '../../helpers/condition-cases.ts';
import {
  bootService,
  DEAD,
  daemon,
  entries,
  event,
  inKernel,
  MASTERS,
  NO_DAEMON,
  NOT_IN_KERNEL,
  NOT_PROBED,
  NOTHING_PERSISTED,
  persisted,
  probe,
  probes,
  realServerFacts,
  seen,
  soundFacts,
  VIP_DEAD,
  vipProbe,
} from '../../helpers/facts.ts';
import { generatedFacts } from '../../helpers/generated-facts.ts';
import { aSpec } from '../../helpers/specs.ts';

const problemsOf = (facts: Partial<Facts>) => diagnose(soundFacts(facts)).problems;
const codesOf = (facts: Partial<Facts>): string[] => problemsOf(facts).map(({ code }) => code);
const textsOf = (facts: Partial<Facts>): string[] => problemsOf(facts).map(({ text }) => text);

const EXPIRED = { certificate: { expiresInS: -3 * 86_400, namesVip: true, verified: false } };
const ALL_DEAD = probes(Object.fromEntries(MASTERS.map(address => [address, DEAD])));
const PREFIX = 'real server 10.0.0.12:6443';

/** What changes something; everything else only shows something. */
const FIXES =
  /^(sudo )?bcs-apiserver-proxy (init|sync|install-service|status$)|^(modprobe|sysctl -w|ip( -6)? rule add|kill|systemctl restart|kubectl .* edit) ?/;

describe('each condition, alone', () => {
  test.each(CONDITION_CASES)('$code', ({ code, wrong, severity, text, remedy, forS }) => {
    const isLook = !FIXES.test(remedy);
    expect(problemsOf(wrong)).toEqual([{ code, severity, text, remedy, isLook, forS }]);
  });

  test('a master that left discovery while it was dead is not in the file on purpose: only its leaving is told', () => {
    const left = { address: '10.0.0.14', port: 6443, ageS: 225 };
    const facts = {
      missing: [left],
      daemon: daemon({ '10.0.0.14': { state: 'dead', named: false, weight: undefined } }),
    };
    expect(codesOf(facts)).toEqual(['real-server-left-discovery']);
    // One that ends in order and was withdrawn is told to nobody.
    const ending = daemon({ '10.0.0.14': { state: 'closing', named: false, weight: undefined } });
    expect(codesOf({ daemon: ending })).toEqual([]);
    const stale = persisted({ spec: aSpec({ realServers: [{ address: '10.0.0.11', port: 6443 }] }) });
    const [problem] = problemsOf({ ...facts, persisted: stale }).filter(
      ({ code }) => code === 'persisted-stale',
    );
    expect(problem?.remedy).toBe(
      'bcs-apiserver-proxy sync --rs 10.0.0.11:6443 --rs 10.0.0.12:6443 --rs 10.0.0.13:6443',
    );
  });

  test('all conditions are in the table, in their order', () => {
    expect(CONDITION_CASES.map(({ code }) => code)).toEqual(CONDITIONS.map(({ code }) => code));
  });

  test('a sound node has no problem, and almost everything was looked at', () => {
    const { problems, headline, unseen } = diagnose(soundFacts());
    expect([problems, headline]).toEqual([[], undefined]);
    expect(unseen.map(({ condition, why }) => [condition.code, why])).toEqual([
      ['kube-proxy-will-delete', 'none runs here'],
      ['kube-proxy-flushes-at-start', 'none runs here'],
    ]);
  });

  test('on generated facts each condition holds for some and not for others: none is stuck', () => {
    const outcomes = new Map(CONDITIONS.map(({ code }) => [code, new Set<string>()]));
    for (const facts of fc.sample(generatedFacts, { numRuns: 2000, seed: 1 })) {
      for (const condition of CONDITIONS) {
        const { problems, unseen } = diagnose(facts, [condition]);
        const outcome = unseen.length > 0 ? 'unseen' : problems.length > 0 ? 'holds' : 'sound';
        outcomes.get(condition.code)?.add(outcome);
      }
    }
    const stuck = [...outcomes].filter(
      ([, seenOutcomes]) => !seenOutcomes.has('holds') || !seenOutcomes.has('sound'),
    );
    expect(stuck).toEqual([]);
  });
});

describe('what is as wanted is no problem', () => {
  test.each<[string, Partial<Facts>]>([
    ['a source that the kernel chooses, for IPv6', ipv6Route()],
    [
      'no route, where init was told that it is not ours',
      { route: undefined, persisted: persisted({ spec: aSpec({ route: false }) }) },
    ],
    [
      'kernel parameters that this kernel lacks',
      { sysctls: new Map([['net.ipv4.vs.conntrack', undefined]]) },
    ],
    ['the module of a scheduler that is built into the kernel', { modules: new Map([['ip_vs_sh', false]]) }],
    ['a daemon that nobody can be asked of', { daemon: { ...NO_DAEMON, processes: [812] } }],
    ['a daemon in another pid namespace', { daemon: { ...daemon(), processes: [] } }],
    ['nine seconds without a pass', { daemon: daemon({}, { lastPassAgeMs: 9_000 }) }],
    ['two silent minutes of discovery', { daemon: daemon({}, discovery(120_000)) }],
    ['a daemon that is told its real servers', { daemon: daemon({}, discovery(undefined, 'static')) }],
    [
      'a daemon that began just now and has heard nothing yet',
      { daemon: daemon({}, { ...discovery(undefined), passes: 5 }) },
    ],
    [
      'a daemon as host unit instead of a boot service',
      {
        bootService: bootService({ kind: 'none', enabled: false }),
        daemon: {
          ...daemon(),
          unit: { name: 'bcs-apiserver-proxy-daemon.service', active: 'active', enabled: 'enabled' },
        },
      },
    ],
    [
      'a kubelet that uses the apiserver of its own master',
      {
        kubelet: seen({ kubeconfig: 'k', server: 'https://10.0.0.11:6443' }),
        hostAddresses: ['127.0.0.1', '10.0.0.11'],
      },
    ],
    [
      'a kubelet that uses a name',
      { kubelet: seen({ kubeconfig: 'k', server: 'https://apiserver.example:6443' }) },
    ],
    [
      'excludeCIDRs with the VIP',
      { kubeProxy: seen({ mode: 'ipvs', excludeCIDRs: ['10.99.0.0/24'], source: 's' }) },
    ],
    ['many connections that sh-port spreads', { kernel: busy(['sh-fallback', 'sh-port']) }],
    ['a new master that waits for its probes', newMaster(true)],
    [
      'a master that discovery named a moment ago and that is not persisted yet',
      {
        ...newMaster(false),
        events: [event({ object: 'real server 10.0.0.14:6443', from: 'absent', to: 'named', ageS: 20 })],
      },
    ],
  ])('%s', (_, facts) => {
    expect(codesOf(facts)).toEqual([]);
  });
});

describe('only root causes are shown', () => {
  test.each<[string, Partial<Facts>, string[]]>([
    [
      'without root nothing else can be said',
      {
        ...NOT_PROBED,
        kernel: { seen: false, why: 'not-permitted' },
        virtualServer: undefined,
        route: undefined,
        persisted: persisted({ spec: undefined, problem: 'permission denied' }),
      },
      ['not-permitted'],
    ],
    [
      'without IPVS there is no virtual server to miss',
      {
        ...NOT_PROBED,
        kernel: { seen: false, why: 'no-ipvs' },
        route: undefined,
        sysctls: new Map(),
        daemon: NO_DAEMON,
        modules: new Map([['ip_vs_sh', false]]),
      },
      ['ipvs-missing'],
    ],
    [
      'a virtual server that is gone takes its real servers and its route with it',
      { kernel: NOT_IN_KERNEL, route: undefined, throughVip: VIP_DEAD },
      ['virtual-server-missing'],
    ],
    [
      'it stays away because no daemon runs: both are told, the one that hurts first',
      { kernel: NOT_IN_KERNEL, throughVip: VIP_DEAD, daemon: NO_DAEMON },
      ['virtual-server-missing', 'daemon-not-running'],
    ],
    [
      'no real server at all: none of them is missing',
      { kernel: inKernel({ realServers: [] }), throughVip: VIP_DEAD },
      ['no-real-servers'],
    ],
    [
      'all masters dead is one problem, not four, and the API is silent because of it',
      { probes: ALL_DEAD, throughVip: VIP_DEAD, daemon: daemon({}, discovery(900_000)) },
      ['all-real-servers-down'],
    ],
    [
      'a file that cannot be read is not called missing',
      {
        ...NOT_PROBED,
        persisted: persisted({ spec: undefined, problem: 'torn' }),
        virtualServer: undefined,
        kernel: NOT_IN_KERNEL,
        route: undefined,
        daemon: NO_DAEMON,
        bootService: bootService({ kind: 'none', enabled: false }),
      },
      ['persisted-corrupt'],
    ],
    [
      'without daemon and persisted set no real server is unexpected',
      { persisted: NOTHING_PERSISTED, daemon: NO_DAEMON },
      ['daemon-not-running', 'persisted-missing'],
    ],
    [
      'two causes are two problems, the worse one first',
      { route: undefined, throughVip: VIP_DEAD, sysctls: new Map([['net.ipv4.vs.conntrack', '0']]) },
      ['route-missing', 'conntrack-off'],
    ],
    [
      'a stuck daemon hears nothing, either',
      { daemon: daemon({}, { ...discovery(900_000), lastPassAgeMs: 900_000 }) },
      ['daemon-stuck'],
    ],
  ])('%s', (_, facts, codes) => {
    expect(codesOf(facts)).toEqual(codes);
  });

  test('a cause is as severe as what follows from it', () => {
    const off = { sysctls: new Map([['net.ipv4.vs.conntrack', '0']]) };
    expect(problemsOf(off)).toMatchObject([{ code: 'conntrack-off', severity: 'degraded' }]);
    expect(problemsOf({ ...off, throughVip: VIP_DEAD })).toMatchObject([
      { code: 'conntrack-off', severity: 'down' },
    ]);
  });

  test('what is down for the kernel is not down while the VIP answers', () => {
    expect(problemsOf({ route: undefined })).toMatchObject([{ code: 'route-missing', severity: 'degraded' }]);
    expect(problemsOf({ route: undefined, ...NOT_PROBED })).toMatchObject([{ severity: 'down' }]);
  });

  test('no certificate names the VIP: an answer that no client accepts', () => {
    const nameless = { certificate: { expiresInS: 200 * 86_400, namesVip: false, verified: true } };
    const all = probes(Object.fromEntries(MASTERS.map(address => [address, nameless])));
    expect(problemsOf({ probes: all })).toMatchObject([
      {
        code: 'vip-not-in-certificate',
        severity: 'down',
        text: "no master's certificate names 10.99.0.1, so all clients that verify it refuse the VIP",
      },
    ]);
  });

  test('an answer with an expired certificate is none', () => {
    const all = probes(Object.fromEntries(MASTERS.map(address => [address, EXPIRED])));
    expect(problemsOf({ probes: all, throughVip: seen(vipProbe(EXPIRED)) })).toMatchObject(
      MASTERS.map(() => ({ code: 'certificate-expiring', severity: 'down' })),
    );
    expect(problemsOf({ probes: probes({ '10.0.0.11': EXPIRED }) })).toMatchObject([
      {
        severity: 'degraded',
        text: 'the certificate of 10.0.0.11:6443 expired 3 days ago: clients refuse it',
      },
    ]);
  });

  test('a remedy never restores from a set that does not exist', () => {
    const [problem] = problemsOf({ kernel: NOT_IN_KERNEL, persisted: NOTHING_PERSISTED, daemon: NO_DAEMON });
    expect(problem).toMatchObject({
      code: 'virtual-server-missing',
      remedy: 'bcs-apiserver-proxy init --vs 10.99.0.1:6443 --rs HOST:PORT --rs HOST:PORT',
    });
  });
});

describe('real servers: what one is told of them', () => {
  test.each<[string, Partial<Facts>, string[]]>([
    [
      'all of weight 0',
      { kernel: entries(Object.fromEntries(MASTERS.map(address => [address, 0]))) },
      ['no real server has a weight above 0, so none takes new connections'],
    ],
    [
      'dead and still in use, while others answer',
      { probes: probes({ '10.0.0.12': DEAD }) },
      [`${PREFIX} does not answer (econnrefused) and still gets connections, which fail`],
    ],
    [
      'dead and still in use, and the VIP is dead because of it',
      { probes: probes({ '10.0.0.12': DEAD }), throughVip: VIP_DEAD },
      [`${PREFIX} does not answer (econnrefused) and still gets the connections, which fail`],
    ],
    [
      'dead by the word of the daemon only',
      {
        ...NOT_PROBED,
        kernel: entries({ '10.0.0.11': 1, '10.0.0.13': 1 }),
        daemon: daemon({ '10.0.0.12': { state: 'dead', reason: 'econnrefused' } }),
      },
      [`${PREFIX} is dead (econnrefused), says the daemon; the daemon took it out`],
    ],
    [
      'dead by the last word of a daemon that ended',
      {
        ...NOT_PROBED,
        kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 1 }),
        daemon: { ...NO_DAEMON, processes: [812] },
        events: [event()],
      },
      ['real server 10.0.0.13:6443 is dead (etimedout), says the daemon; the daemon took it out'],
    ],
    [
      'taken out, and answering again',
      {
        kernel: entries({ '10.0.0.11': 1, '10.0.0.13': 1 }),
        daemon: daemon({ '10.0.0.12': { state: 'dead', reason: 'econnrefused' } }),
      },
      [`${PREFIX} answers, but not yet often enough for the daemon to put it back (econnrefused)`],
    ],
    [
      'not ready, and the best there is',
      { probes: probes({ '10.0.0.12': { outcome: 'not-ready', reason: 'http-500' } }) },
      [`${PREFIX} answers that it is not ready (http-500) and still gets connections`],
    ],
    [
      'weight 0 by hand',
      { kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 0, '10.0.0.13': 1 }) },
      [`${PREFIX} has weight 0 in the kernel and gets no new connections`],
    ],
    [
      'weight 0 because it left discovery',
      {
        kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 0, '10.0.0.13': 1 }),
        events: [event({ object: PREFIX, from: 'named', to: 'left' })],
      },
      [`${PREFIX} left discovery and gets no new connections`],
    ],
    [
      'persisted and missing, without a daemon',
      { kernel: entries({ '10.0.0.11': 1, '10.0.0.13': 1 }), daemon: { ...NO_DAEMON, processes: [1] } },
      [`${PREFIX} is in the persisted set but not in the kernel, although it answers`],
    ],
    [
      'in the kernel and not persisted, without a daemon',
      {
        kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 1, '10.0.0.13': 1, '10.0.0.14': 1 }),
        daemon: { ...NO_DAEMON, processes: [1] },
      },
      ['real server 10.0.0.14:6443 is in the kernel but not in the persisted set'],
    ],
    [
      'held by the daemon, not probed',
      {
        ...NOT_PROBED,
        daemon: daemon(
          Object.fromEntries(MASTERS.map(address => [address, { state: 'dead', reason: 'etimedout' }])),
          { held: true },
        ),
      },
      [
        'none of the 3 real servers answers (etimedout); the kernel keeps them, and this node recovers by itself as soon as one answers',
      ],
    ],
    [
      'one alone, dead',
      {
        kernel: entries({ '10.0.0.11': 1 }),
        persisted: persisted({ spec: aSpec({ realServers: [{ address: '10.0.0.11', port: 6443 }] }) }),
        daemon: { ...NO_DAEMON, processes: [1] },
        probes: seen([probe(DEAD)]),
        throughVip: VIP_DEAD,
      },
      [
        'the only real server does not answer (econnrefused); the kernel keeps them, and this node recovers by itself as soon as one answers',
      ],
    ],
  ])('%s', (_, facts, texts) => {
    expect(textsOf(facts)).toEqual(texts);
  });

  test('weight 0 by hand: the fix is what was persisted, and not a look at the master', () => {
    const byHand = { kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 0, '10.0.0.13': 1 }) };
    for (const facts of [byHand, { ...byHand, daemon: { ...NO_DAEMON, processes: [812] } }])
      expect(problemsOf(facts)).toMatchObject([
        { code: 'real-server-draining', remedy: 'bcs-apiserver-proxy sync --from persisted', isLook: false },
      ]);
    const left = { ...byHand, events: [event({ object: PREFIX, from: 'named', to: 'left' })] };
    const draining = { ...byHand, daemon: daemon({ '10.0.0.12': { state: 'draining', weight: 0 } }) };
    for (const facts of [left, draining])
      expect(problemsOf(facts)).toMatchObject([
        { remedy: 'curl -k https://10.0.0.12:6443/readyz', isLook: true },
      ]);
  });

  test('all dead: that this node recovers by itself is said only where a daemon sees to it', () => {
    const dead = { probes: ALL_DEAD, throughVip: VIP_DEAD };
    const recovers = 'recovers by itself';
    expect(textsOf(dead)[0]).toContain(recovers);
    const [all, ...others] = textsOf({ ...dead, daemon: NO_DAEMON });
    expect(all).toBe('none of the 3 real servers answers (econnrefused); the kernel keeps them');
    expect(others.join()).not.toContain(recovers);
  });

  test('the last word of a daemon that ended is nothing when somebody put the real server back since', () => {
    const facts = { ...NOT_PROBED, daemon: { ...NO_DAEMON, processes: [812] }, events: [event()] };
    expect(codesOf(facts)).toEqual([]);
  });
});

describe('the daemon: what one is told of it', () => {
  const unit = { name: 'bcs-apiserver-proxy-daemon.service', active: 'failed', enabled: 'enabled' };
  test.each<[string, Facts['daemon'], string, string]>([
    [
      'its unit failed',
      { ...NO_DAEMON, unit },
      'no daemon runs here (bcs-apiserver-proxy-daemon.service is failed), so nothing removes a dead master or repairs the kernel rules',
      'systemctl restart bcs-apiserver-proxy-daemon.service',
    ],
    [
      'its pod does not run: a service beside it would be a second daemon',
      { ...NO_DAEMON, pod: 'kube-system/bcs-apiserver-proxy-x7k2p' },
      'no daemon runs here (its pod kube-system/bcs-apiserver-proxy-x7k2p does not run), so nothing removes a dead master or repairs the kernel rules',
      'kubectl -n kube-system describe pod bcs-apiserver-proxy-x7k2p',
    ],
    [
      'it accepts and stays silent',
      {
        ...NO_DAEMON,
        processes: [812],
        snapshot: { seen: false, why: 'no-answer' },
        unit: { ...unit, active: 'active' },
      },
      'the daemon (pid 812) accepts connections to its address and does not answer',
      'systemctl restart bcs-apiserver-proxy-daemon.service',
    ],
    [
      'every pass fails',
      daemon({}, { passes: 40, failedPasses: 40 }),
      'every pass of the daemon (pid 812) failed; its log says why',
      'kill -KILL 812',
    ],
    [
      'it never heard from the API',
      daemon({}, { ...discovery(undefined), passes: 4000 }),
      'the daemon never heard from the API which masters there are',
      'curl -s http://127.0.0.1:8004/status',
    ],
    [
      'it never heard from the API, and answers elsewhere',
      {
        ...daemon({}, { ...discovery(undefined), passes: 4000 }),
        listen: { address: 'fd00::21', port: 9004 },
      },
      'the daemon never heard from the API which masters there are',
      'curl -s http://[fd00::21]:9004/status',
    ],
  ])('%s', (_, facts, text, remedy) => {
    expect(problemsOf({ daemon: facts })).toMatchObject([{ text, remedy }]);
  });
});

describe('the declarations', () => {
  test('codes are lower-kebab-case, and each stands once', () => {
    const codes = CONDITIONS.map(({ code }) => code);
    expect(codes.filter(code => !/^[a-z]+(-[a-z]+)*$/.test(code))).toEqual([]);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('what a condition depends on is declared', () => {
    const codes = new Set(CONDITIONS.map(({ code }) => code));
    expect(CONDITIONS.flatMap(({ dependsOn }) => dependsOn).filter(code => !codes.has(code))).toEqual([]);
  });

  test('no condition depends on itself, however far around', () => {
    for (const condition of CONDITIONS) expect(causesOf(condition)).not.toContain(condition.code);
  });

  test('texts and titles are short sentences without a full stop, in ASCII', () => {
    const texts = [...CONDITIONS.map(({ title }) => title), ...CONDITION_CASES.map(({ text }) => text)];
    expect(texts.filter(text => !/^[\x20-\x7e]+[^.]$/.test(text))).toEqual([]);
  });
});

function causesOf({ dependsOn }: Condition, found = new Set<string>()): Set<string> {
  for (const code of dependsOn) {
    if (found.has(code)) continue;
    found.add(code);
    const cause = CONDITIONS.find(condition => condition.code === code);
    if (cause !== undefined) causesOf(cause, found);
  }
  return found;
}

function discovery(ageMs: number | undefined, kind: 'endpoints' | 'static' = 'endpoints') {
  return { discovery: { kind, ageMs, connected: false, server: undefined, problem: undefined } };
}

function busy(flags: readonly string[]): Facts['kernel'] {
  const realServers = MASTERS.map((address, i) =>
    realServerFacts({ address, activeConnections: i === 0 ? 90 : 0 }),
  );
  return inKernel({ flags, realServers });
}

/** Discovery names a fourth master; it is not in the kernel yet. */
function newMaster(isPersisted: boolean): Partial<Facts> {
  const realServers = [...MASTERS, '10.0.0.14'].map(address => ({ address, port: 6443 }));
  return {
    daemon: daemon({ '10.0.0.14': { state: 'new', weight: undefined } }),
    probes: probes({ '10.0.0.14': {} }),
    persisted: persisted(isPersisted ? { spec: aSpec({ realServers }) } : {}),
  };
}

/** A whole node over IPv6. */
function ipv6Route(): Partial<Facts> {
  const virtualServer = { address: 'fd99::1', port: 6443 };
  const realServers = [{ address: 'fd00::11', port: 6443 }];
  return {
    ...NOT_PROBED,
    virtualServer,
    kernel: inKernel({ realServers: realServers.map(server => realServerFacts(server)) }),
    route: { source: undefined, sourceIsOurs: true, hidden: false, sourcesTowards: ['fd00::2'] },
    persisted: persisted({ spec: aSpec({ virtualServer, realServers }) }),
    daemon: { ...NO_DAEMON, processes: [812] },
    kubelet: seen({ kubeconfig: 'k', server: 'https://[fd99::1]:6443' }),
  };
}
