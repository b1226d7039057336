// How soon a master is asked again: what is open is settled at once, and trouble costs a master no more than health.
import { expect, test } from 'vitest';
import type { Evidence } from '../../../src/lib/health/evidence.ts';
import { nextProbeInMs, type Pace } from '../../../src/lib/health/pace.ts';
import { die, forgive, score } from '../../../src/lib/health/scoreboard.ts';
import { evidence, healthAfter, TWICE } from '../../helpers/evidence.ts';

const SILENT: Evidence = { kind: 'host-silent', reason: 'etimedout', since: 0 };
const PACE: Pace = { intervalMs: 10_000, thresholds: TWICE, held: false, random: 0.5 };

function next(history: string, pace: Partial<Pace> = {}): number {
  return nextProbeInMs(healthAfter(history), evidence(history.at(-1) ?? ''), { ...PACE, ...pace });
}

test.each([
  ['+', 100, 'one more good answer makes it ready'],
  ['++', 10_000, 'it is well'],
  ['++l', 100, 'the first late answer is settled by one more question'],
  ['++ll', 10_000, 'a slow one is asked as seldom as a quick one'],
  ['++lll', 10_000, 'however long'],
  ['++ll+', 100, 'it comes back'],
  ['++n', 100, 'the first 500 is settled'],
  ['++nnn', 10_000, 'a draining one is asked at the interval'],
  ['++h', 100, 'a silent host is asked once more'],
  ['++r', 500, 'refused: soon, and ever later'],
  ['++rrr', 2_000, 'doubling'],
  ['++rrrrrrrr', 10_000, 'up to the interval'],
  ['++f', 10_000, 'a fault of ours is not the master’s burden'],
])('%s: %i ms (%s)', (history, expected) => {
  const ms = next(history);
  if (history.endsWith('f')) expect(ms).toBeLessThanOrEqual(expected);
  else expect(ms).toBe(expected);
});

test('while nobody serves the first that returns is found within a second', () => {
  expect(next('++rrrrrrrr', { held: true })).toBe(1000);
  const dead = die(healthAfter('++hhhhhhhh'), 0);
  expect(nextProbeInMs(dead, evidence('h'), { ...PACE, held: true }), 'half a second was the limit').toBe(
    500,
  );
});

test('a silent host whose silence does not count, as it began before, is asked again at once', () => {
  const anew = score(forgive(healthAfter('++hhhh'), 9000), { ...SILENT, since: 8900 }, TWICE, 9400);
  expect(nextProbeInMs(anew, SILENT, PACE)).toBe(100);
});

test('a fifth more or less, so that nodes that started together do not ask together', () => {
  expect([0, 1].map(random => Math.round(next('++', { random })))).toEqual([8_000, 12_000]);
});

test('an interval that is shorter than what settles is kept', () => {
  expect(next('+', { intervalMs: 50 })).toBe(50);
});
