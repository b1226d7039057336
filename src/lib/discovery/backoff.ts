// Waits that grow: doubled after each failure up to a ceiling, each cut by up to a half at random, so that nodes
// which failed together do not return together.

export class Backoff {
  readonly #firstMs: number;
  readonly #ceilingMs: number;
  #failures = 0;

  constructor(firstMs: number, ceilingMs: number) {
    this.#firstMs = firstMs;
    this.#ceilingMs = ceilingMs;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const fullMs = Math.min(this.#ceilingMs, this.#firstMs * 2 ** this.#failures);
    if (fullMs < this.#ceilingMs) this.#failures += 1;
    return fullMs * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
