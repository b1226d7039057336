// Virtual time: what is due runs in order, and chance is drawn from a seed, so that each run is the same.
import type { Clock } from '../../src/lib/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** The last comes first, so that the next one is taken from the end. */
const LATEST_FIRST = (a: Timer, b: Timer): number => b.at - a.at || b.order - a.order;

export class Engine implements Clock {
  #now = 0;
  #order = 0;
  #seed: number;
  /** What is due, by the millisecond: millions of timers, of which few share one. */
  readonly #due = new Map<number, Timer[]>();
  /** Those of the present millisecond. */
  #present: Timer[] = [];
  #isSorted = true;

  constructor(seed: number) {
    this.#seed = seed;
  }

  now(): number {
    return this.#now;
  }

  /** Mulberry32, a public-domain generator by Tommy Ettinger. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  setTimeout(callback: () => void, milliseconds: number): unknown {
    const timer: Timer = { at: this.#now + Math.max(0, milliseconds), order: this.#order++, callback };
    const tick = Math.floor(timer.at);
    if (tick === Math.floor(this.#now)) {
      this.#present.push(timer);
      this.#isSorted = false;
      return timer;
    }
    const others = this.#due.get(tick);
    if (others === undefined) this.#due.set(tick, [timer]);
    else others.push(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (timer !== undefined) (timer as Timer).callback = undefined;
  }

  /** `until`: whole milliseconds. */
  run(until: number): void {
    this.#runPresent();
    for (let tick = Math.floor(this.#now) + 1; tick < until; tick += 1) {
      this.#now = tick;
      const due = this.#due.get(tick);
      if (due === undefined) continue;
      this.#due.delete(tick);
      this.#present = due;
      this.#isSorted = false;
      this.#runPresent();
    }
    this.#now = until;
    this.#present = this.#due.get(until) ?? [];
    this.#isSorted = false;
    this.#due.delete(until);
  }

  #runPresent(): void {
    for (;;) {
      if (!this.#isSorted) this.#present.sort(LATEST_FIRST);
      this.#isSorted = true;
      const next = this.#present.pop();
      if (next === undefined) return;
      this.#now = next.at;
      next.callback?.();
    }
  }
}
