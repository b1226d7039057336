// What looking at the node's connections may cost.
import { expect, test } from 'vitest';
import { allowanceAfter, FULL_ALLOWANCE_MS, nextLookInMs } from '../../../src/lib/health/allowance.ts';

/** Looks that cost so much each, from a full allowance; the intervals that follow them, in seconds. */
function intervals(cpuMs: number, looks: number): number[] {
  let [allowance, sinceLast] = [FULL_ALLOWANCE_MS, 0];
  return Array.from({ length: looks }, () => {
    allowance = allowanceAfter(allowance, sinceLast, cpuMs);
    sinceLast = nextLookInMs(allowance);
    return sinceLast / 1000;
  });
}

test('looking costs at most a hundredth of a core in the long run, and no look is more than 2 s away', () => {
  const usual = (cpuMs: number) => intervals(cpuMs, 1000).at(-1);
  expect([0.1, 2, 5, 15, 200].map(usual)).toEqual([0.25, 0.25, 0.5, 1.5, 2]);
});

test('the first looks may be slow: what a minute allows keeps them close', () => {
  expect(intervals(20, 30)).toEqual(Array<number>(30).fill(0.25));
  expect(intervals(20, 60).at(-1)).toBe(2);
});

test('what is owed is never more than one look', () => {
  expect(allowanceAfter(0, 0, 5000)).toBe(allowanceAfter(0, 0, 20));
});
