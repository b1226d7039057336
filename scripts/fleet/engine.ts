// Virtual time: what is due runs in order, and chance is drawn from a seed, so that each run is the same.
import type { Clock } from '../../src/lib/clock.ts';

interface Timer {
  at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

export class Engine implements Clock {
  #now = 0;
  #order = 0;
  #seed: number;
  /** A binary heap by time. */
  readonly #heap: Timer[] = [];

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
    this.#heap.push(timer);
    for (let index = this.#heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (timer !== undefined) (timer as Timer).callback = undefined;
  }

  run(until: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#removeFirst();
      this.#now = next.at;
      next.callback?.();
    }
    this.#now = until;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (this.#heap.length === 0 || last === undefined) return;
    this.#heap[0] = last;
    for (let index = 0; ; ) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2])
        if (child < this.#heap.length && this.#isBefore(child, least)) least = child;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.at < other.at || (one.at === other.at && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
