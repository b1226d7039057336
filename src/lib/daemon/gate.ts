// Between discovery and the candidates: who of those that it names is admitted. What it named last is asked again while an
// address of this host is refused, as an apiserver may begin to listen after its node was named.
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { HostPort } from '../model/address.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Admission, admit, type Surroundings } from './admission.ts';

/** Discovery that names something else each time must not fill the log. */
const MAX_TOLD = 100;

/** Whoever listens is read from a table of all sockets of this host. */
const ASK_AGAIN_MS = 10_000;

export interface GateOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly around: () => Surroundings;
  readonly telemetry: Pick<Telemetry, 'problem'>;
  readonly admitted: (masters: readonly HostPort[]) => void;
}

export class Gate {
  readonly #options: GateOptions;
  /** Sentences that have been told. */
  readonly #told = new Set<string>();
  #toAskAgain: readonly HostPort[] | undefined;
  #askedAt = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Discovery names these now. */
  named(masters: readonly HostPort[]): void {
    const { clock, admitted: take } = this.#options;
    this.#askedAt = clock.now();
    const admission = this.#admit(masters);
    this.#toAskAgain = admission === undefined || admission.mayListenLater ? masters : undefined;
    for (const sentence of admission?.refused ?? []) this.#tell(sentence);
    if (admission !== undefined) take(admission.admitted);
  }

  /** With each pass. */
  askAgain(): void {
    const isDue = this.#options.clock.now() - this.#askedAt >= ASK_AGAIN_MS;
    if (this.#toAskAgain !== undefined && isDue) this.named(this.#toAskAgain);
  }

  /** Undefined where this host cannot be looked at now: that says nothing about the masters. */
  #admit(masters: readonly HostPort[]): Admission | undefined {
    try {
      return admit(masters, this.#options.around());
    } catch (error) {
      this.#tell(messageOf(error));
      return undefined;
    }
  }

  #tell(sentence: string): void {
    if (this.#told.has(sentence) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(sentence);
    this.#options.telemetry.problem('discovery', new Error(sentence));
  }
}
