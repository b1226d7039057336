// Whole outputs, as golden files. After a wanted change: vitest run test/unit/status --update, then read the diff.
import { describe, expect, test } from 'vitest';
import { formatAge } from '../../../src/lib/status/age.ts';
import { formatBytes, formatText, toJson } from '../../../src/lib/status/format.ts';
import type { Facts } from '../../../src/lib/status/report.ts';
import { judge } from '../../../src/lib/status/verdict.ts';
import {
  inKernel,
  NOT_IN_KERNEL,
  NOTHING_PERSISTED,
  persisted,
  realServerFacts,
  soundFacts,
} from '../../helpers/facts.ts';

const LONG_V6 = '2001:db8:1111:2222:3333:4444:5555';
const TORN = '/root/.bcs/ipvsConfig.yaml cannot be used: it was cut off: no newline ends its last line';

const NODES: Record<string, Partial<Facts>> = {
  healthy: {},
  'healthy-ipv6': {
    virtualServer: { address: 'fd99::1', port: 6443 },
    kernel: inKernel({
      realServers: [1, 2].map(n =>
        realServerFacts({
          address: `${LONG_V6}:${n}`,
          connections: 12_345_678n,
          inBytes: 9_007_199_254_740_993n,
        }),
      ),
    }),
    route: { source: undefined, sourceIsOurs: true },
    persisted: persisted({
      spec: {
        virtualServer: { address: 'fd99::1', port: 6443 },
        realServers: [1, 2].map(n => ({ address: `${LONG_V6}:${n}`, port: 6443 })),
        scheduler: 'sh',
        schedulerFlags: [],
        route: true,
      },
    }),
  },
  degraded: {
    kernel: inKernel({
      realServers: [realServerFacts(), realServerFacts({ address: '10.0.0.14', weight: 0 })],
    }),
    sysctls: new Map([
      ['net.ipv4.vs.conntrack', '0'],
      ['net.ipv4.vs.expire_nodest_conn', '0'],
    ]),
    persisted: persisted({ path: '/root/.bcs/ipvsConfig.yaml.prev', problem: TORN, ageS: 86_400 * 9 }),
  },
  down: { route: { source: '10.0.0.7', sourceIsOurs: false } },
  'down-without-route': { route: undefined },
  'down-after-flush': { kernel: NOT_IN_KERNEL },
  'without-ipvs': {
    kernel: { seen: false, why: 'no-ipvs' },
    virtualServer: undefined,
    route: undefined,
    persisted: NOTHING_PERSISTED,
  },
  'not-permitted': { kernel: { seen: false, why: 'not-permitted' } },
  'not-initialized': {
    virtualServer: undefined,
    kernel: NOT_IN_KERNEL,
    route: undefined,
    persisted: NOTHING_PERSISTED,
  },
};

describe('the whole text', () => {
  test.each(Object.entries(NODES))('%s', async (name, facts) => {
    const text = formatText(judge(soundFacts(facts)));
    await expect(text).toMatchFileSnapshot(`../../golden/status/${name}.txt`);
    expect(text.split('\n').filter(line => line.length > 80)).toEqual([]);
    expect(text.split('\n').filter(line => line !== line.trimEnd())).toEqual([]);
  });

  test('the remedy is never broken: it is there to be copied', () => {
    const text = formatText(judge(soundFacts(NODES['not-initialized'])));
    expect(text).toContain('try  bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT --rs HOST:PORT\n');
  });

  test('colour changes nothing but the verdict, not even where lines are broken', () => {
    const report = judge(soundFacts(NODES['down-without-route']));
    const coloured = formatText(report, (verdict, text) => `<${verdict}>${text}</>`);
    expect(coloured.replace('<down>DOWN</>', 'DOWN')).toBe(formatText(report));
  });
});

describe('JSON', () => {
  test.each(Object.entries(NODES))('%s: survives JSON and has the same keys as ever', async (name, facts) => {
    const report = judge(soundFacts(facts));
    const json = JSON.stringify(toJson(report), null, 2);
    await expect(`${json}\n`).toMatchFileSnapshot(`../../golden/status/${name}.json`);
    expect(Object.keys(JSON.parse(json))).toEqual([
      'schemaVersion',
      'verdict',
      'summary',
      'problems',
      'virtualServer',
      'kernel',
      'scheduler',
      'schedulerFlags',
      'realServers',
      'route',
      'sysctls',
      'persisted',
    ]);
  });
});

describe('ages and amounts', () => {
  test.each([
    [0, '0s'],
    [59, '59s'],
    [60, '1m'],
    [3599, '59m'],
    [3600, '1h'],
    [86_399, '23h'],
    [86_400, '1d'],
    [86_400 * 400, '400d'],
  ])('%i seconds are %s', (seconds, text) => expect(formatAge(seconds)).toBe(text));

  test.each([
    [0n, '0 B'],
    [1023n, '1023 B'],
    [1024n, '1.0 KiB'],
    [1_572_864n, '1.5 MiB'],
    [1_048_575n, '1.0 MiB'],
    [1n << 40n, '1.0 TiB'],
    [1n << 60n, '1048576.0 TiB'],
  ])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
