// What systemd is told: ready with the first pass that succeeds, and alive only while every loop comes round.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { notifying } from '../../../src/lib/daemon/run.ts';
import { aSpec } from '../../helpers/specs.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

function scene(watchdogIntervalMs: number | undefined) {
  const said: string[] = [];
  const stuck: string[] = [];
  const notifier = {
    watchdogIntervalMs,
    watchdog: () => void said.push('alive'),
    ready: (status: string) => void said.push(`ready: ${status}`),
  };
  const telemetry = notifying({ spec: aSpec() }, notifier, () => ({ stuck }));
  const pass = (ok = true): void => {
    vi.advanceTimersByTime(1000);
    telemetry.passFinished(1, ok);
  };
  return { said, stuck, pass };
}

test('ready once, with the first pass that succeeded', () => {
  const { said, pass } = scene(undefined);
  for (const ok of [false, true, true]) pass(ok);
  expect(said).toEqual(['ready: keeping 10.99.0.1:6443']);
});

test('alive at the interval, also while passes fail', () => {
  const { said, pass } = scene(3000);
  for (let second = 0; second < 9; second += 1) pass(false);
  expect(said).toEqual(['alive', 'alive', 'alive']);
});

test('not alive while a loop does not come round, however many passes are made', () => {
  const { said, stuck, pass } = scene(3000);
  for (let second = 0; second < 3; second += 1) pass();
  stuck.push('traffic: nothing for 65 s');
  for (let second = 0; second < 30; second += 1) pass();
  expect(said).toEqual(['ready: keeping 10.99.0.1:6443', 'alive']);
  stuck.pop();
  pass();
  expect(said.at(-1)).toBe('alive');
  expect(said).toHaveLength(3);
});
