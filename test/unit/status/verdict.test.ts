import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEVERITIES } from '../../../src/lib/status/condition.ts';
import type { Facts } from '../../../src/lib/status/report.ts';
import { EXIT_CODE, formatBrief, judge } from '../../../src/lib/status/verdict.ts';
import {
  DEAD,
  daemon,
  entries,
  inKernel,
  NOT_PROBED,
  persisted,
  probe,
  probes,
  seen,
  soundFacts,
  VIP_DEAD,
} from '../../helpers/facts.ts';
import { generatedFacts } from '../../helpers/generated-facts.ts';
import { aSpec } from '../../helpers/specs.ts';

const DRIFT: Partial<Facts> = { kernel: inKernel({ scheduler: 'rr' }) };
const NO_ROUTE: Partial<Facts> = { route: undefined, throughVip: VIP_DEAD };
const M3_DEAD: Partial<Facts> = {
  kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 1 }),
  daemon: daemon({ '10.0.0.13': { state: 'dead', reason: 'etimedout', weight: undefined } }),
  probes: probes({ '10.0.0.13': DEAD }),
};
const ONE = { address: '10.0.0.11', port: 6443 };

describe('the worst problem is the verdict; the sentence says what is wrong and whether connections still work', () => {
  test.each<[string, Partial<Facts>, string, number, string]>([
    ['no problem', {}, 'healthy', 0, '10.99.0.1:6443 is balanced over 3 real servers'],
    [
      'one real server',
      {
        kernel: entries({ '10.0.0.11': 1 }),
        persisted: persisted({ spec: aSpec({ realServers: [ONE] }) }),
        daemon: { ...daemon(), snapshot: { seen: false, why: 'not-listening' } },
        probes: seen([probe()]),
      },
      'healthy',
      0,
      '10.99.0.1:6443 is balanced over 1 real server',
    ],
    [
      'something worth knowing',
      { kubeProxy: seen({ mode: 'iptables', excludeCIDRs: [], source: 's' }) },
      'healthy',
      0,
      '10.99.0.1:6443 is balanced over 3 real servers',
    ],
    ['one master dead', M3_DEAD, 'degraded', 1, '1 of 3 real servers is down; traffic is served by 2'],
    [
      'a degrading problem',
      DRIFT,
      'degraded',
      1,
      'the scheduler is rr in the kernel, sh in the persisted set; traffic is served by 3',
    ],
    [
      'a degrading problem, and nobody asked the VIP',
      { ...DRIFT, ...NOT_PROBED },
      'degraded',
      1,
      'the scheduler is rr in the kernel, sh in the persisted set',
    ],
    [
      'a breaking problem',
      NO_ROUTE,
      'down',
      2,
      'the local route of 10.99.0.1 is missing, so connections to it may leave the host or time out',
    ],
    [
      'both',
      { ...DRIFT, ...NO_ROUTE },
      'down',
      2,
      'the local route of 10.99.0.1 is missing, so connections to it may leave the host or time out',
    ],
    [
      'a dead master that still gets everything',
      { probes: probes({ '10.0.0.12': DEAD }), throughVip: VIP_DEAD },
      'down',
      2,
      'real server 10.0.0.12:6443 does not answer (econnrefused) and still gets the connections, which fail',
    ],
    [
      'nothing in the kernel, and yet somebody answers',
      { kernel: { seen: true, value: undefined } },
      'degraded',
      1,
      'virtual server 10.99.0.1:6443 is not in the kernel; the VIP answers all the same',
    ],
    [
      'not to be told, though it works',
      { kernel: { seen: false, why: 'not-permitted' } },
      'unknown',
      3,
      'reading IPVS needs root; the VIP answers all the same',
    ],
  ])('%s', (_, facts, verdict, exitCode, summary) => {
    const report = judge(soundFacts(facts));
    expect(report).toMatchObject({ verdict, summary });
    expect(EXIT_CODE[report.verdict]).toBe(exitCode);
  });
});

describe('the brief line', () => {
  test.each<[Partial<Facts>, string]>([
    [{}, 'OK 10.99.0.1:6443 3 of 3 real servers'],
    [
      M3_DEAD,
      'warning in real-server-down: real server 10.0.0.13:6443 does not answer (econnrefused); the daemon took it out',
    ],
    [
      { ...DRIFT, ...NO_ROUTE },
      'error in route-missing: the local route of 10.99.0.1 is missing, so connections to it may leave the host or time out (and 1 more problem)',
    ],
    [
      { ...NOT_PROBED, kernel: { seen: false, why: 'not-permitted' } },
      'unknown in not-permitted: reading IPVS needs root',
    ],
  ])('%#', (facts, line) => expect(formatBrief(judge(soundFacts(facts)))).toBe(line));

  test('it stays the same while time passes', () => {
    const later = {
      ...M3_DEAD,
      daemon: daemon({
        '10.0.0.13': { state: 'dead', reason: 'etimedout', sinceMs: 900_000, weight: undefined },
      }),
    };
    expect(formatBrief(judge(soundFacts(later)))).toBe(formatBrief(judge(soundFacts(M3_DEAD))));
  });
});

test('whatever was seen: problems are sorted, healthy means no fault, down means that nobody accepts the VIP', () => {
  fc.assert(
    fc.property(generatedFacts, facts => {
      const { verdict, problems, passed, unseen } = judge(facts);
      const ranks = problems.map(({ severity }) => SEVERITIES.indexOf(severity));
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      expect(verdict === 'healthy').toBe(problems.every(({ severity }) => severity === 'notice'));
      if (verdict === 'down' && facts.throughVip.seen) {
        const { outcome, largeArrives } = facts.throughVip.value;
        expect(outcome === 'dead' || largeArrives === false).toBe(true);
      }
      const codes = [...problems, ...passed, ...unseen.map(({ condition }) => condition)].map(
        ({ code }) => code,
      );
      expect(new Set(passed.map(({ code }) => code)).size).toBe(passed.length);
      expect(problems.some(({ code }) => passed.some(other => other.code === code))).toBe(false);
      expect(codes.length).toBeGreaterThan(0);
    }),
  );
});
