// Runs passes: each second, and soon after anybody asked for one. Many requests become one pass.

/** The kernel guard: IPVS sends no notifications, so it is looked at. A look costs about a tenth of a millisecond. */
const TICK_MS = 1000;

export class PassRunner {
  readonly #pass: () => void;
  #requested = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(pass: () => void) {
    this.#pass = pass;
  }

  /** The first pass is made before this returns. */
  start(): void {
    this.#timer = setInterval(() => this.#pass(), TICK_MS);
    this.#pass();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Once the present work is done, so that changes which came together are one pass. */
  request(): void {
    if (this.#requested || this.#timer === undefined) return;
    this.#requested = true;
    setImmediate(() => {
      this.#requested = false;
      if (this.#timer !== undefined) this.#pass();
    });
  }
}
