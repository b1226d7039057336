// Servers that asked to be left alone for a while (Retry-After), and are, whoever else is asked meanwhile.
import { ApiError } from './api-error.ts';

interface Busy {
  /** Monotonic milliseconds. */
  readonly until: number;
  readonly said: string;
}

export class Courtesy {
  readonly #ceilingMs: number;
  readonly #busy = new Map<string, Busy>();

  constructor(ceilingMs: number) {
    this.#ceilingMs = ceilingMs;
  }

  /** What this server answered. Every node is told the same, so none comes back just then. */
  heard(server: string, error: unknown): void {
    const askedMs = error instanceof ApiError ? Math.min(error.retryAfterMs, this.#ceilingMs) : 0;
    if (!(error instanceof ApiError) || askedMs <= 0) return;
    const until = performance.now() + askedMs * (1 + Math.random() / 2);
    this.#busy.set(server, { until, said: error.message });
  }

  /** `api-busy` while this server is to be left alone. */
  refusalOf(server: string): ApiError | undefined {
    this.#forgetOver();
    const busy = this.#busy.get(server);
    return busy && new ApiError('api-busy', `${busy.said} (it is left alone for the time that it named)`);
  }

  /** Milliseconds until the next one may be asked again; Infinity where there is none. */
  get soonestMs(): number {
    const moments = Array.from(this.#busy.values(), ({ until }) => until);
    return Math.max(0, Math.min(...moments) - performance.now());
  }

  #forgetOver(): void {
    const now = performance.now();
    for (const [server, { until }] of this.#busy) if (until <= now) this.#busy.delete(server);
  }
}
