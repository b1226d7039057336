// Keeps on disk what the daemon keeps in the kernel, for the next boot: the whole specification, with the real servers
// that are known to be good.
//
// INVARIANTS:
// - What could not be written is tried again until it is, and is shown as a problem meanwhile.
// - What is written already is neither read nor written again.
import { messageOf } from '../errors.ts';
import type { ProxySpec } from '../model/spec.ts';
import { formatPersisted } from '../store/persisted-set.ts';
import type { Telemetry } from '../telemetry.ts';

/** A full disk is not emptied sooner, and writing to one costs. */
const RETRY_MS = 10_000;

export class Keeper {
  readonly #save: (spec: ProxySpec) => void;
  readonly #telemetry: Pick<Telemetry, 'problem'>;
  #written: string | undefined;
  #problem: string | undefined;
  #failedAt = 0;

  /** `save` compares with the file itself, so that a torn one is written anew. */
  constructor(save: (spec: ProxySpec) => void, telemetry: Pick<Telemetry, 'problem'>) {
    this.#save = save;
    this.#telemetry = telemetry;
  }

  /** Why the next boot would start from something older; undefined = it would not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  keep(spec: ProxySpec): void {
    const text = formatPersisted(spec);
    if (text === this.#written) return;
    if (this.#problem !== undefined && performance.now() - this.#failedAt < RETRY_MS) return;
    try {
      this.#save(spec);
      this.#written = text;
      this.#problem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#telemetry.problem('persisting the real servers', error);
      this.#problem = problem;
      this.#failedAt = performance.now();
    }
  }
}
