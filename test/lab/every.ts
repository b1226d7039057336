// Scenarios of which the quick run takes a part: `scripts/test --all` takes all of them.
import { test } from 'vitest';

export const EVERY_SCENARIO = process.env.EVERY_SCENARIO === '1';

/** One that shows again, in another way or at length, what a quicker test shows too. */
export const longTest = test.runIf(EVERY_SCENARIO);

/** The first row always, the others of the same kind with `--all`. */
export function firstOrEvery<T>(rows: readonly [T, ...T[]]): readonly T[] {
  return EVERY_SCENARIO ? rows : [rows[0]];
}
