// The time limit: what is read in time counts, however busy this process was meanwhile.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startDeadline } from '../../../../src/lib/status/collect/deadline.ts';

function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('it comes', async () => {
  const { signal: deadline } = startDeadline(100);
  expect(deadline.aborted).toBe(false);
  // The deadline keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  await once(deadline, 'abort');
  clearInterval(alive);
});

test('being busy for far longer leaves time to look at what came', async () => {
  const { signal: deadline, lateMs } = startDeadline(500);
  busyFor(700);
  await new Promise(resolve => setTimeout(resolve, 0));
  expect(deadline.aborted).toBe(false);
  // One step is 250 ms.
  expect(lateMs()).toBeGreaterThanOrEqual(400);
});
