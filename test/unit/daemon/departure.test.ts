// Discovery no longer names a master: whether somebody withdrew it, or it does not live.
import { describe, expect, test } from 'vitest';
import { isAwaited, kindOfDeparture, settle } from '../../../src/lib/daemon/departure.ts';
import { die } from '../../../src/lib/health/scoreboard.ts';
import { evidence, healthAfter } from '../../helpers/evidence.ts';

const NOW = 100_000;
const seen = (history: string, endsAt = NOW) => ({
  health: healthAfter(history, endsAt),
  last: history === '' ? undefined : evidence(history.at(-1) ?? '', endsAt),
});

describe('one that leaves', () => {
  test.each(['++', '++ll', '++nn', '++ff+'])('alive (%s) was withdrawn', history => {
    expect(kindOfDeparture(seen(history), NOW)).toBe('withdrawn');
  });

  test('silent or dead is missing', () => {
    expect(kindOfDeparture(seen('++h'), NOW)).toBe('missing');
    expect(kindOfDeparture(seen('++p'), NOW)).toBe('missing');
    expect(kindOfDeparture({ ...seen('++hh'), health: die(seen('++hh').health, NOW) }, NOW)).toBe('missing');
  });

  test('that refuses since a moment ends in order; since its lease could have ended, it crashed', () => {
    expect(kindOfDeparture(seen('++r'), NOW)).toBe('withdrawn');
    expect(kindOfDeparture(seen('++r', NOW - 12_000), NOW)).toBe('missing');
  });

  test('that was seen to end in order is still named until another master renews its lease', () => {
    expect(kindOfDeparture(seen('++o', NOW - 12_000), NOW)).toBe('withdrawn');
    expect(kindOfDeparture(seen('++o', NOW - 20_000), NOW)).toBe('missing');
  });

  test('that refuses and was never seen well is missing', () => {
    expect(kindOfDeparture(seen('r'), NOW)).toBe('missing');
  });

  test('that was not asked yet is judged by its first answer, and a fault of this node is none', () => {
    expect(kindOfDeparture(seen(''), NOW)).toBe('undecided');
    expect(kindOfDeparture(seen('f'), NOW)).toBe('undecided');
    const undecided = { at: NOW, since: 0, kind: 'undecided' } as const;
    const settled = (letter: string) => settle(undecided, evidence(letter, NOW)).kind;
    expect([...'+lnrhpcf'].map(settled)).toEqual([
      ...['withdrawn', 'withdrawn', 'withdrawn', 'missing', 'missing', 'missing', 'missing', 'undecided'],
    ]);
  });
});

test('a withdrawn one is known for the drain time, a missing one for as long as it is remembered', () => {
  const patience = { drainTimeoutMs: 60_000, rememberMs: 86_400_000 };
  const left = { at: NOW, since: Date.now() };
  const awaited = (kind: 'withdrawn' | 'missing', ageMs: number): boolean =>
    isAwaited({ ...left, since: left.since - ageMs, kind }, patience, NOW + ageMs);
  expect([awaited('withdrawn', 59_000), awaited('withdrawn', 61_000)]).toEqual([true, false]);
  expect([awaited('missing', 3_600_000), awaited('missing', 86_400_001)]).toEqual([true, false]);
});
