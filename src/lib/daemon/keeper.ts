// Keeps something on disk, for the next boot: the whole specification with the real servers that are known to be good, and
// those that are missing.
//
// INVARIANTS:
// - What could not be written is tried again until it is, and is shown as a problem meanwhile.
// - What is written already is neither read nor written again.
import { messageOf } from '../errors.ts';
import type { Telemetry } from '../telemetry.ts';

/** A full disk is not emptied sooner, and writing to one costs. */
const RETRY_MS = 10_000;

export interface Kept<T> {
  /** "persisting the real servers" */
  readonly what: string;
  /** The same text for what is the same. */
  readonly format: (value: T) => string;
  /** Compares with the file itself, so that a torn one is written anew. Throws what keeps it from being written. */
  readonly save: (value: T) => void;
}

export class Keeper<T> {
  readonly #kept: Kept<T>;
  readonly #telemetry: Pick<Telemetry, 'problem'>;
  #written: string | undefined;
  #problem: string | undefined;
  #failedAt = 0;

  constructor(kept: Kept<T>, telemetry: Pick<Telemetry, 'problem'>) {
    this.#kept = kept;
    this.#telemetry = telemetry;
  }

  /** Why the next boot would start from something older; undefined = it would not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The file is not what was written. */
  again(): void {
    this.#written = undefined;
  }

  keep(value: T): void {
    const text = this.#kept.format(value);
    if (text === this.#written) return;
    if (this.#problem !== undefined && performance.now() - this.#failedAt < RETRY_MS) return;
    try {
      this.#kept.save(value);
      this.#written = text;
      this.#problem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#telemetry.problem(this.#kept.what, error);
      this.#problem = problem;
      this.#failedAt = performance.now();
    }
  }
}
