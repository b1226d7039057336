// A clock that moves only when it is told to, and then runs what is due in order.
import type { Clock } from '../../src/lib/clock.ts';

export class VirtualClock implements Clock {
  #now = 0;
  #timers: { at: number; order: number; callback: () => void }[] = [];
  #order = 0;

  now(): number {
    return this.#now;
  }

  random(): number {
    return 0.5;
  }

  setTimeout(callback: () => void, milliseconds: number): unknown {
    const timer = { at: this.#now + milliseconds, order: this.#order++, callback };
    this.#timers.push(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter(other => other !== timer);
  }

  /** Until this moment. */
  run(until: number): void {
    while (true) {
      const [next] = this.#timers
        .filter(({ at }) => at <= until)
        .sort((a, b) => a.at - b.at || a.order - b.order);
      if (next === undefined) break;
      this.clearTimeout(next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = Math.max(this.#now, until);
  }
}
