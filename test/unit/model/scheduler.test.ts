import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_SCHEDULER,
  effectiveFlags,
  isScheduler,
  isSchedulerFlag,
  SCHEDULER_FLAGS,
  SCHEDULERS,
  type SchedulerFlag,
  schedulerOf,
} from '../../../src/lib/model/scheduler.ts';

describe('a scheduler is known by its exact name', () => {
  test.each(['', 'RR', 'rr ', 'toString', 'none', 'sh-port'])('"%s" is none', name => {
    expect(isScheduler(name)).toBe(false);
  });

  test.each(SCHEDULERS)('"%s" is one', name => {
    expect(isScheduler(name)).toBe(true);
  });

  test('the default is one', () => {
    expect(isScheduler(DEFAULT_SCHEDULER)).toBe(true);
  });
});

describe('a scheduler flag is known by its exact name', () => {
  test.each(['', 'sh', 'port', 'fallback', 'SH-PORT', 'rr-port', 'constructor'])('"%s" is none', name => {
    expect(isSchedulerFlag(name)).toBe(false);
  });

  test.each<[SchedulerFlag, string]>([
    ['sh-fallback', 'sh'],
    ['sh-port', 'sh'],
    ['mh-fallback', 'mh'],
    ['mh-port', 'mh'],
  ])('"%s" belongs to %s', (flag, scheduler) => {
    expect(isSchedulerFlag(flag)).toBe(true);
    expect(schedulerOf(flag)).toBe(scheduler);
  });
});

describe('the flags to set', () => {
  test.each<[string, SchedulerFlag[], SchedulerFlag[]]>([
    ['sh', [], ['sh-fallback']],
    ['sh', ['sh-fallback'], ['sh-fallback']],
    ['sh', ['sh-port'], ['sh-fallback', 'sh-port']],
    ['sh', ['sh-port', 'sh-port'], ['sh-fallback', 'sh-port']],
    ['mh', [], ['mh-fallback']],
    ['mh', ['mh-port'], ['mh-fallback', 'mh-port']],
    ['rr', [], []],
    ['a scheduler of tomorrow', [], []],
  ])('of %s, asked for %j, are %j', (scheduler, asked, flags) => {
    expect(effectiveFlags(scheduler, asked)).toEqual(flags);
  });

  test('do not depend on order or repetition, and include all that was asked for', () => {
    const flags = fc.array(fc.constantFrom(...SCHEDULER_FLAGS));
    fc.assert(
      fc.property(fc.constantFrom(...SCHEDULERS), flags, (scheduler, asked) => {
        const effective = effectiveFlags(scheduler, asked);
        expect(effective).toEqual(expect.arrayContaining(asked));
        expect(effectiveFlags(scheduler, asked.toReversed())).toEqual(effective);
        expect(effectiveFlags(scheduler, effective)).toEqual(effective);
      }),
    );
  });
});
