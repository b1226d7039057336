// Runs passes: each second, and soon after anybody asked for one. Many requests become one pass.

/** The kernel guard: IPVS sends no notifications, so it is looked at. A look costs about a tenth of a millisecond. */
const TICK_MS = 1000;

export class PassRunner {
  readonly #pass: () => void;
  #wake: (() => void) | undefined;

  constructor(pass: () => void) {
    this.#pass = pass;
  }

  /** The first pass is made before this returns a promise; it resolves when aborted, and rejects with what a pass throws. */
  async run(signal: AbortSignal, alive: () => void): Promise<void> {
    while (!signal.aborted) {
      this.#pass();
      alive();
      await this.#nextTurn(signal);
    }
  }

  /** Once the present work is done, so that changes which came together are one pass. */
  request(): void {
    setImmediate(() => this.#wake?.());
  }

  /** The tick comes sooner. */
  requestIn(milliseconds: number): void {
    if (milliseconds < TICK_MS) setTimeout(() => this.#wake?.(), milliseconds).unref();
  }

  #nextTurn(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, TICK_MS);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}
