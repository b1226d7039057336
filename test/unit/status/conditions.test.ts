import { describe, expect, test } from 'vitest';
import { CONDITIONS, type Condition, diagnose } from '../../../src/lib/status/conditions.ts';
import type { Facts } from '../../../src/lib/status/report.ts';
import {
  event,
  inKernel,
  NOT_IN_KERNEL,
  NOTHING_PERSISTED,
  persisted,
  realServerFacts,
  soundFacts,
} from '../../helpers/facts.ts';
import { aSpec } from '../../helpers/specs.ts';

const INIT = 'bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT --rs HOST:PORT';
const RESTORE = 'bcs-apiserver-proxy sync --from persisted';

/** Each condition: what makes it true on a node that is sound otherwise, and the problem that is then shown, alone. */
const CASES: readonly [
  code: string,
  wrong: Partial<Facts>,
  severity: string,
  text: string,
  remedy: string,
][] = [
  [
    'not-permitted',
    { kernel: { seen: false, why: 'not-permitted' } },
    'unknown',
    'reading IPVS needs root',
    'sudo bcs-apiserver-proxy status',
  ],
  [
    'ipvs-missing',
    { kernel: { seen: false, why: 'no-ipvs' } },
    'down',
    'this kernel has no IPVS: module ip_vs is not loaded',
    'modprobe ip_vs',
  ],
  [
    'not-initialized',
    { virtualServer: undefined, kernel: NOT_IN_KERNEL, route: undefined, persisted: NOTHING_PERSISTED },
    'down',
    'no virtual server was ever set up on this node',
    INIT,
  ],
  [
    'virtual-server-missing',
    { kernel: NOT_IN_KERNEL },
    'down',
    'virtual server 10.99.0.1:6443 is not in the kernel',
    RESTORE,
  ],
  [
    'no-real-servers',
    { kernel: inKernel({ realServers: [] }) },
    'down',
    'the virtual server has no real servers',
    RESTORE,
  ],
  [
    'route-missing',
    { route: undefined },
    'down',
    'the local route of 10.99.0.1 is missing, so connections to it leave the host or time out',
    RESTORE,
  ],
  [
    'route-source-gone',
    { route: { source: '10.0.0.7', sourceIsOurs: false } },
    'down',
    "the local route's source 10.0.0.7 is not an address of this host, so no reply arrives",
    RESTORE,
  ],
  [
    'real-server-down',
    {
      kernel: inKernel({
        realServers: ['10.0.0.11', '10.0.0.12'].map(address => realServerFacts({ address })),
      }),
      events: [event()],
    },
    'degraded',
    'real server 10.0.0.13:6443 is dead since 1m (etimedout), so the daemon took it out',
    'curl -k https://10.0.0.13:6443/readyz',
  ],
  [
    'real-server-missing',
    {
      kernel: inKernel({
        realServers: ['10.0.0.11', '10.0.0.12'].map(address => realServerFacts({ address })),
      }),
    },
    'degraded',
    'real server 10.0.0.13:6443 is in the persisted set but not in the kernel',
    RESTORE,
  ],
  [
    'real-server-unexpected',
    {
      kernel: inKernel({
        realServers: ['10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.14'].map(address =>
          realServerFacts({ address }),
        ),
      }),
    },
    'degraded',
    'real server 10.0.0.14:6443 is in the kernel but not in the persisted set',
    RESTORE,
  ],
  [
    'scheduler-drift',
    { kernel: inKernel({ scheduler: 'rr' }) },
    'degraded',
    'the scheduler is rr in the kernel, sh in the persisted set',
    RESTORE,
  ],
  [
    'expire-nodest-off',
    { sysctls: new Map([['net.ipv4.vs.expire_nodest_conn', '0']]) },
    'degraded',
    'net.ipv4.vs.expire_nodest_conn is 0: connections to a master that is gone hang instead of breaking',
    'sysctl -w net.ipv4.vs.expire_nodest_conn=1',
  ],
  [
    'conntrack-off',
    { sysctls: new Map([['net.ipv4.vs.conntrack', '0']]) },
    'degraded',
    'net.ipv4.vs.conntrack is 0: a stateful host firewall drops the replies of the masters',
    'sysctl -w net.ipv4.vs.conntrack=1',
  ],
  [
    'persisted-corrupt',
    { persisted: persisted({ problem: '/root/.bcs/ipvsConfig.yaml cannot be used: it is empty' }) },
    'degraded',
    '/root/.bcs/ipvsConfig.yaml cannot be used: it is empty',
    INIT,
  ],
  [
    'persisted-missing',
    { persisted: NOTHING_PERSISTED },
    'degraded',
    '/root/.bcs/ipvsConfig.yaml is missing, so a reboot of this node restores nothing',
    INIT,
  ],
];

const codesOf = (facts: Facts): string[] => diagnose(facts).map(({ code }) => code);

describe('each condition, alone', () => {
  test.each(CASES)('%s', (code, wrong, severity, text, remedy) => {
    expect(diagnose(soundFacts(wrong))).toEqual([{ code, severity, text, remedy }]);
  });

  test('all conditions are in the table above', () => {
    expect(CASES.map(([code]) => code)).toEqual(CONDITIONS.map(({ code }) => code));
  });

  test('a sound node has no problem', () => {
    expect(diagnose(soundFacts())).toEqual([]);
  });
});

describe('what is as wanted is no problem', () => {
  test.each<[string, Partial<Facts>]>([
    [
      'a drained real server beside one that serves',
      {
        kernel: inKernel({
          realServers: [0, 1, 1].map((weight, i) => realServerFacts({ address: `10.0.0.1${i + 1}`, weight })),
        }),
      },
    ],
    ['a source that the kernel chooses', { route: { source: undefined, sourceIsOurs: true } }],
    [
      'no route, where init was told that it is not ours',
      { route: undefined, persisted: persisted({ spec: aSpec({ route: false }) }) },
    ],
    [
      'kernel parameters that this kernel lacks',
      { sysctls: new Map([['net.ipv4.vs.conntrack', undefined]]) },
    ],
  ])('%s', (_, facts) => {
    expect(codesOf(soundFacts(facts))).toEqual([]);
  });
});

describe('only root causes are shown', () => {
  test.each<[string, Partial<Facts>, string[]]>([
    [
      'without root nothing else can be said',
      {
        kernel: { seen: false, why: 'not-permitted' },
        virtualServer: undefined,
        route: undefined,
        persisted: persisted({ spec: undefined, problem: 'permission denied' }),
      },
      ['not-permitted'],
    ],
    [
      'without IPVS there is no virtual server to miss',
      { kernel: { seen: false, why: 'no-ipvs' }, route: undefined, sysctls: new Map() },
      ['ipvs-missing'],
    ],
    [
      'a virtual server that is gone takes its real servers and its route with it',
      { kernel: NOT_IN_KERNEL, route: undefined },
      ['virtual-server-missing'],
    ],
    [
      'no real server at all: none of them is missing',
      { kernel: inKernel({ realServers: [] }) },
      ['no-real-servers'],
    ],
    [
      'a file that cannot be read is not called missing',
      {
        persisted: persisted({ spec: undefined, problem: 'torn' }),
        virtualServer: undefined,
        kernel: NOT_IN_KERNEL,
        route: undefined,
      },
      ['persisted-corrupt'],
    ],
    [
      'without a persisted set no real server is unexpected',
      { persisted: NOTHING_PERSISTED },
      ['persisted-missing'],
    ],
    [
      'two causes are two problems, the worse one first',
      { route: undefined, sysctls: new Map([['net.ipv4.vs.conntrack', '0']]) },
      ['route-missing', 'conntrack-off'],
    ],
  ])('%s', (_, facts, codes) => {
    expect(codesOf(soundFacts(facts))).toEqual(codes);
  });

  test('a remedy never restores from a set that does not exist', () => {
    const [problem] = diagnose(soundFacts({ kernel: NOT_IN_KERNEL, persisted: NOTHING_PERSISTED }));
    expect(problem).toMatchObject({ code: 'virtual-server-missing', remedy: INIT });
  });

  test('real servers of weight 0 only take no connections', () => {
    const kernel = inKernel({
      realServers: ['10.0.0.11', '10.0.0.12', '10.0.0.13'].map(address =>
        realServerFacts({ address, weight: 0 }),
      ),
    });
    expect(diagnose(soundFacts({ kernel })).map(({ text }) => text)).toEqual([
      'no real server has a weight above 0, so none takes new connections',
    ]);
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
});

function causesOf({ dependsOn }: Condition, seen = new Set<string>()): Set<string> {
  for (const code of dependsOn) {
    if (seen.has(code)) continue;
    seen.add(code);
    const cause = CONDITIONS.find(condition => condition.code === code);
    if (cause !== undefined) causesOf(cause, seen);
  }
  return seen;
}
