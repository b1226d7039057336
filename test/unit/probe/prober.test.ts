// When the prober asks, and what it makes of the sentinel. The channel is ours to script: it is the lowest seam here.
import { expect, test } from 'vitest';
import type { Outcome } from '../../../src/lib/health/outcome.ts';
import type { ProbeChannel } from '../../../src/lib/probe/channel.ts';
import { Prober } from '../../../src/lib/probe/prober.ts';

const READY: Outcome = { kind: 'ready', latencyMs: 1 };
const SILENT: Outcome = { kind: 'dead', reason: 'etimedout', hard: false };

class Script {
  readonly outcomes: Outcome[] = [];
  readonly timeouts: number[] = [];
  channels = 0;
  closed = 0;
  loseConnection: (code: string) => void = () => {};
  readonly prober: Prober;
  #waiting: { count: number; resolve: () => void } | undefined;

  /** The answers in turn; the last one for ever. */
  constructor(
    answers: readonly Outcome[],
    intervalMs: number,
    nextInMs?: (outcomes: Outcome[]) => number | undefined,
  ) {
    let asked = 0;
    const open = (onLost: (code: string) => void): ProbeChannel => {
      this.channels += 1;
      this.loseConnection = onLost;
      const probe = async (timeoutMs: number): Promise<Outcome> => {
        this.timeouts.push(timeoutMs);
        return answers[Math.min(asked++, answers.length - 1)] ?? READY;
      };
      return {
        probe,
        close: () => {
          this.closed += 1;
        },
      };
    };
    this.prober = new Prober({
      open,
      intervalMs,
      timeoutMs: 1_000,
      nextInMs: () => nextInMs?.(this.outcomes),
      onOutcome: outcome => {
        this.outcomes.push(outcome);
        if (this.#waiting !== undefined && this.outcomes.length >= this.#waiting.count)
          this.#waiting.resolve();
      },
    });
  }

  async until(count: number): Promise<void> {
    if (this.outcomes.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { count, resolve };
    await promise;
  }

  async stop(run: Promise<void>): Promise<void> {
    this.prober.stop();
    await run;
  }
}

const NEVER_MS = 3_600_000;

test('probes at the interval over one channel', async () => {
  const script = new Script([READY], 5);
  const run = script.prober.run();
  await script.until(4);
  await script.stop(run);
  expect(script.channels).toBe(1);
});

test('opens a fresh channel after an unanswered probe', async () => {
  const script = new Script([READY, SILENT, READY], 5);
  const run = script.prober.run();
  await script.until(3);
  expect(script.channels).toBe(2);
  await script.stop(run);
});

test('asks again when whoever counts says how soon', async () => {
  const script = new Script([SILENT, READY], NEVER_MS, outcomes => (outcomes.length === 1 ? 1 : undefined));
  const run = script.prober.run();
  await script.until(2);
  expect(script.outcomes).toEqual([SILENT, READY]);
  await script.stop(run);
});

test('a connection that the master closed is a reason to ask at once', async () => {
  const script = new Script([READY], NEVER_MS);
  const run = script.prober.run();
  await script.until(1);
  script.loseConnection('FIN');
  await script.until(2);
  expect(script.outcomes).toEqual([READY, READY]);
  expect(script.channels).toBe(2);
  await script.stop(run);
});

test('a connection that timed out under the kernel is a failed probe, and a reason to ask', async () => {
  const script = new Script([READY], NEVER_MS);
  const run = script.prober.run();
  await script.until(1);
  script.loseConnection('ETIMEDOUT');
  await script.until(3);
  expect(script.outcomes).toEqual([READY, SILENT, READY]);
  expect(script.timeouts, 'the probe that confirms it is given less time').toEqual([1_000, 500]);
  await script.stop(run);
});

test('stop ends it while it waits, and lets go of the channel', async () => {
  const script = new Script([READY], NEVER_MS);
  const run = script.prober.run();
  await script.until(1);
  await script.stop(run);
  expect(script.closed).toBe(1);
});
