// Sees to it that no loop of the daemon ends silently: a throw is told and tried again, and for each loop it is known
// when it last ran.
//
// INVARIANTS:
// - A task runs until its signal is aborted, whatever it throws and whenever it returns.
// - A failure is told when it begins, not with every attempt.
import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../discovery/backoff.ts';
import { ignoreAbort, messageOf } from '../errors.ts';
import type { Telemetry } from '../telemetry.ts';

export interface Task {
  /** "passes": names the task in logs, in /healthz and in /status. */
  readonly name: string;
  /** Longer than this without a word of `alive` is a loop that is stuck. Undefined = it may rightly wait for ever. */
  readonly silentMs?: number;
  /** Until aborted. `alive` says that the loop has just come round. */
  run(signal: AbortSignal, alive: () => void): Promise<void>;
}

const FIRST_RETRY_MS = 100;
const RETRY_CEILING_MS = 30_000;

export class Supervisor {
  readonly #telemetry: Pick<Telemetry, 'problem'>;
  readonly #aliveAt = new Map<Task, number>();

  constructor(telemetry: Pick<Telemetry, 'problem'>) {
    this.#telemetry = telemetry;
  }

  /** Resolves when aborted, and never rejects. */
  async run(task: Task, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(FIRST_RETRY_MS, RETRY_CEILING_MS);
    const alive = (): void => void this.#aliveAt.set(task, performance.now());
    let told: string | undefined;
    while (!signal.aborted) {
      alive();
      const failure = await attempt(task, signal, () => {
        alive();
        backoff.reset();
        told = undefined;
      });
      if (signal.aborted) break;
      if (messageOf(failure) !== told) this.#telemetry.problem(task.name, failure);
      told = messageOf(failure);
      await delay(backoff.next(), undefined, { signal }).catch(ignoreAbort);
    }
    this.#aliveAt.delete(task);
  }

  /** One sentence for each loop that has not come round for too long. */
  stuck(): string[] {
    const now = performance.now();
    return [...this.#aliveAt].flatMap(([{ name, silentMs = Number.POSITIVE_INFINITY }, at]) =>
      now - at < silentMs ? [] : [`${name}: nothing for ${Math.round((now - at) / 1000)} s`],
    );
  }
}

/** Why it ended, though nobody told it to. */
async function attempt(task: Task, signal: AbortSignal, alive: () => void): Promise<unknown> {
  try {
    await task.run(signal, alive);
    return new Error('it ended by itself');
  } catch (error) {
    return error;
  }
}
