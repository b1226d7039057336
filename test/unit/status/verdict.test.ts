import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../src/lib/status/report.ts';
import { EXIT_CODE, judge } from '../../../src/lib/status/verdict.ts';
import { inKernel, persisted, realServerFacts, soundFacts } from '../../helpers/facts.ts';
import { aSpec } from '../../helpers/specs.ts';

const DRIFT: Partial<Facts> = { kernel: inKernel({ scheduler: 'rr' }) };
const NO_ROUTE: Partial<Facts> = { route: undefined };
const NO_ROOT: Partial<Facts> = { kernel: { seen: false, why: 'not-permitted' } };

describe('the worst problem is the verdict, and its sentence the summary', () => {
  test.each<[string, Partial<Facts>, string, number, string]>([
    ['no problem', {}, 'healthy', 0, '10.99.0.1:6443 is balanced over 3 real servers'],
    [
      'one real server',
      {
        kernel: inKernel({ realServers: [realServerFacts()] }),
        persisted: persisted({ spec: aSpec({ realServers: [{ address: '10.0.0.11', port: 6443 }] }) }),
      },
      'healthy',
      0,
      '10.99.0.1:6443 is balanced over 1 real server',
    ],
    [
      'a degrading problem',
      DRIFT,
      'degraded',
      1,
      'the scheduler is rr in the kernel, sh in the persisted set',
    ],
    [
      'a breaking problem',
      NO_ROUTE,
      'down',
      2,
      'the local route of 10.99.0.1 is missing, so connections to it leave the host or time out',
    ],
    [
      'both',
      { ...DRIFT, ...NO_ROUTE },
      'down',
      2,
      'the local route of 10.99.0.1 is missing, so connections to it leave the host or time out',
    ],
    ['not to be told', NO_ROOT, 'unknown', 3, 'reading IPVS needs root'],
  ])('%s', (_, facts, verdict, exitCode, summary) => {
    const report = judge(soundFacts(facts));
    expect(report).toMatchObject({ verdict, summary });
    expect(EXIT_CODE[report.verdict]).toBe(exitCode);
  });
});
