// No loop ends silently: what it throws is told once and tried again, and one that does not come round is known.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Supervisor } from '../../../src/lib/daemon/supervisor.ts';

function scene() {
  const told: string[] = [];
  const stop = new AbortController();
  const supervisor = new Supervisor({
    problem: (what, error) => told.push(`${what}: ${(error as Error).message}`),
  });
  return { supervisor, told, stop };
}

test('a task that throws is told once and started again, until it works', async () => {
  const { supervisor, told, stop } = scene();
  let attempts = 0;
  const run = async (): Promise<void> => {
    attempts += 1;
    if (attempts === 3) stop.abort();
    throw new Error('no certificate');
  };
  await supervisor.run({ name: 'probing', run }, stop.signal);
  expect({ attempts, told }).toEqual({ attempts: 3, told: ['probing: no certificate'] });
});

test('a task that returns has ended by itself, which is a failure', async () => {
  const { supervisor, told, stop } = scene();
  let attempts = 0;
  const run = async (): Promise<void> => {
    attempts += 1;
    if (attempts === 2) stop.abort();
  };
  await supervisor.run({ name: 'discovery', run }, stop.signal);
  expect(told).toEqual(['discovery: it ended by itself']);
});

test('the same failure is told again when the task has worked in between', async () => {
  const { supervisor, told, stop } = scene();
  let attempts = 0;
  const run = async (_signal: AbortSignal, alive: () => void): Promise<void> => {
    attempts += 1;
    if (attempts === 2) alive();
    if (attempts === 3) stop.abort();
    throw new Error('EMFILE');
  };
  await supervisor.run({ name: 'passes', run }, stop.signal);
  expect(told).toEqual(['passes: EMFILE', 'passes: EMFILE']);
});

test('a loop that does not come round is stuck until it does, and no longer when it was stopped', async () => {
  const { supervisor, stop } = scene();
  const { promise, resolve } = Promise.withResolvers<() => void>();
  const running = supervisor.run(
    {
      name: 'passes',
      silentMs: 20,
      async run(signal, alive) {
        resolve(alive);
        await delay(60_000, undefined, { signal }).catch(() => {});
      },
    },
    stop.signal,
  );
  const alive = await promise;
  while (supervisor.stuck().length === 0) await delay(5);
  expect(supervisor.stuck()).toEqual(['passes: nothing for 0 s']);
  alive();
  expect(supervisor.stuck()).toEqual([]);
  stop.abort();
  await running;
  expect(supervisor.stuck()).toEqual([]);
});
