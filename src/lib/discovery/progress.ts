// How discovery is doing, for the daemon's status, and in words when that changes.
import { describeFailure } from './api-error.ts';
import type { Freshness } from './source.ts';

export class Progress {
  readonly #notice: (text: string) => void;
  #freshness: Freshness = {
    lastEventAt: undefined,
    connected: false,
    server: undefined,
    lastProblem: undefined,
  };
  #openedAt: number | undefined;
  /** The server that was last said to be watched; undefined after a problem that was told. */
  #announced: string | undefined;

  constructor(notice: (text: string) => void) {
    this.#notice = notice;
  }

  get freshness(): Freshness {
    return this.#freshness;
  }

  /** Milliseconds since the watch was opened; undefined when this attempt did not come so far. */
  get watchedMs(): number | undefined {
    return this.#openedAt === undefined ? undefined : performance.now() - this.#openedAt;
  }

  trying(server: string): void {
    this.#openedAt = undefined;
    this.#freshness = { ...this.#freshness, connected: false, server };
  }

  /** A watch is open, on the configured server or on another one that stands in for it. */
  opened(server: string, configured: boolean): void {
    this.#openedAt = performance.now();
    const { lastProblem } = this.#freshness;
    this.#freshness = {
      lastEventAt: this.#openedAt,
      connected: true,
      server,
      lastProblem: configured ? undefined : lastProblem,
    };
    if (this.#announced === server) return;
    this.#announced = server;
    this.#notice(`discovery watches ${server}${configured ? '' : ', because the configured server fails'}`);
  }

  heard(): void {
    this.#freshness = { ...this.#freshness, lastEventAt: performance.now() };
  }

  failed(what: string, error: unknown): void {
    const lastProblem = `${what}: ${describeFailure(error)}`;
    const known = lastProblem === this.#freshness.lastProblem;
    this.#freshness = { ...this.#freshness, connected: false, lastProblem };
    if (known) return;
    this.#announced = undefined;
    this.#notice(`discovery failed, ${lastProblem}`);
  }

  closed(): void {
    this.#openedAt = undefined;
    this.#freshness = { ...this.#freshness, connected: false };
  }
}
