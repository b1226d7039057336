// Whole outputs, as golden files. After a wanted change: vitest run test/unit/status --update, then read the diff.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAge } from '../../../src/lib/status/age.ts';
import { formatText } from '../../../src/lib/status/format.ts';
import { foldOutages, outageLines } from '../../../src/lib/status/text/outages.ts';
import { formatBytes, formatLatency } from '../../../src/lib/status/text/real-servers.ts';
import { formatBrief, judge } from '../../../src/lib/status/verdict.ts';
import { days, listOf } from '../../../src/lib/status/words.ts';
import { daemon, event, inKernel, persisted, probes, soundFacts } from '../../helpers/facts.ts';
import { generatedFacts } from '../../helpers/generated-facts.ts';
import { snapshot } from '../../helpers/snapshot.ts';
import { NODES } from './nodes.ts';

/** A remedy is never broken; neither is a word that is longer than a line. */
function tooWide(text: string): string[] {
  return text
    .split('\n')
    .filter(line => line.length > 80 && !/^ {6}(fix |look) /.test(line) && / /.test(line.trim()));
}

describe('the whole text', () => {
  test.each(Object.entries(NODES))('%s', async (name, facts) => {
    const report = judge(soundFacts(facts));
    const text = formatText(report);
    const wide = formatText(report, { wide: true });
    await expect(text).toMatchFileSnapshot(`../../golden/status/${name}.txt`);
    await expect(wide).toMatchFileSnapshot(`../../golden/status/${name}.wide.txt`);
  });

  test('one brief line for each', async () => {
    const lines = Object.entries(NODES).map(
      ([name, facts]) => `${name}: ${formatBrief(judge(soundFacts(facts)))}\n`,
    );
    await expect(lines.join('')).toMatchFileSnapshot('../../golden/status/brief.txt');
  });

  test('whatever was seen: 80 columns, ASCII, no blanks at the end, the same again for the same', () => {
    fc.assert(
      fc.property(generatedFacts, fc.boolean(), (facts, wide) => {
        const report = judge(facts);
        const text = formatText(report, { wide });
        expect(tooWide(text)).toEqual([]);
        expect(text).toMatch(/^[\x20-\x7e\n]+[^\n]\n$/);
        expect(text).not.toMatch(/ $|\n\n\n/m);
        expect(text.startsWith(`${report.verdict.toUpperCase()}  `)).toBe(true);
        expect(formatText(judge(facts), { wide })).toBe(text);
        expect(formatBrief(report)).toMatch(/^(OK |(warning|error|unknown) in [a-z-]+: )[\x20-\x7e]+$/);
      }),
    );
  });

  test('what others say moves no cursor and begins no line, wherever it is shown', () => {
    const nasty = 'x\u001b[2J\u0007\r\nHEALTHY\u202e';
    const corrupt = judge(soundFacts({ persisted: persisted({ spec: undefined, problem: nasty }) }));
    expect(corrupt.summary).toContain(nasty);
    const several = judge(
      soundFacts({
        daemon: daemon(
          { '10.0.0.13': { state: 'dead', reason: nasty, weight: undefined } },
          {
            persist: { problem: nasty },
            discovery: { ...snapshot().discovery, ageMs: 900_000, problem: nasty },
          },
        ),
        kernel: inKernel({ scheduler: nasty }),
        persisted: persisted({ spec: undefined, problem: nasty }),
        lateMs: 1234,
        probes: probes({ '10.0.0.12': { outcome: 'dead', reason: nasty } }),
        kubelet: { seen: true, value: { kubeconfig: nasty, server: `https://${nasty}` } },
        events: [event({ object: nasty, why: nasty }), event({ why: nasty })],
      }),
    );
    for (const [report, wide] of [corrupt, several].flatMap(one => [
      [one, true] as const,
      [one, false] as const,
    ])) {
      const lines = formatText(report, { wide }).split('\n');
      expect(lines.filter(line => /[^ -~]/.test(line))).toEqual([]);
      expect(lines.filter(line => line.startsWith('HEALTHY'))).toEqual([]);
    }
  });

  test('colour changes nothing but the verdict, not even where lines are broken', () => {
    const report = judge(soundFacts(NODES['down-without-route']));
    const coloured = formatText(report, { paint: (verdict, text) => `<${verdict}>${text}</>` });
    expect(coloured.replace('<down>DOWN</>', 'DOWN')).toBe(formatText(report));
  });
});

describe('the last events, by outage', () => {
  const at = (clock: string, to: string, fields = {}) =>
    event({ to, why: to === 'ready' ? '' : 'etimedout', time: `2026-03-01T${clock}.000Z`, ...fields });

  test('an outage ends when its object is well again, whatever happens in between', () => {
    const events = [
      at('03:12:01', 'draining', { why: 'http-500' }),
      at('03:12:05', 'dead'),
      at('03:13:00', 'dead', { object: 'real server 10.0.0.12:6443' }),
      at('03:14:11', 'ready'),
      at('03:20:00', 'dead', { ageS: 300 }),
    ];
    expect(foldOutages(events).map(outage => outage.length)).toEqual([3, 1, 1]);
    expect(outageLines(events, false)).toEqual([
      'last events, times in UTC',
      '  10.0.0.13:6443 dead 03:20:00 etimedout, for 5m now',
      '  10.0.0.12:6443 dead 03:13:00 etimedout, for 1m now',
      '  10.0.0.13:6443 draining 03:12:01 http-500, dead 03:12:05 etimedout, back',
      '    03:14:11',
    ]);
  });

  test('what is no outage stands alone, and what is long ago has its date', () => {
    const events = [
      at('03:00:00', 'named', { from: 'absent', why: 'discovery names it', ageS: 90_000 }),
      at('03:01:00', 'ready', { from: 'new' }),
    ];
    expect(outageLines(events, false)).toEqual([
      'last events, times in UTC',
      '  10.0.0.13:6443 ready 03:01:00',
      '  10.0.0.13:6443 named 2026-03-01 03:00:00',
    ]);
  });

  test('one that left and is gone is over', () => {
    const events = [at('03:00:00', 'left', { why: 'discovery no longer names it' }), at('03:01:00', 'gone')];
    expect(outageLines(events, false)[1]).toBe(
      '  10.0.0.13:6443 left 03:00:00 discovery no longer names it, gone 03:01:00',
    );
  });

  test('five of them, all with --wide', () => {
    const events = [1, 2, 3, 4, 5, 6, 7].flatMap(n => [
      at(`03:0${n}:00`, 'dead'),
      at(`03:0${n}:30`, 'ready'),
    ]);
    expect(outageLines(events, false)).toHaveLength(6);
    expect(outageLines(events, false)[0]).toBe('last events, times in UTC; 2 more with --wide');
    expect(outageLines(events, true)).toHaveLength(8);
  });

  test('no event is lost', () => {
    fc.assert(
      fc.property(generatedFacts, ({ events }) => {
        expect(foldOutages(events).flat()).toHaveLength(events.length);
      }),
    );
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

  test.each([
    [0.26, '0.3 ms'],
    [4.2, '4 ms'],
    [999.4, '999 ms'],
    [1234, '1.2 s'],
  ])('%f milliseconds are %s', (ms, text) => expect(formatLatency(ms)).toBe(text));

  test.each([
    [3600, 'less than a day'],
    [86_400, '1 day'],
    [200_000, '2 days'],
  ])('%i seconds until then are %s', (seconds, text) => expect(days(seconds)).toBe(text));

  test('lists are cut short', () => {
    expect([['A'], ['A', 'B'], ['A', 'B', 'C', 'D']].map(listOf)).toEqual([
      'A',
      'A and B',
      'A, B and 2 more',
    ]);
  });
});
