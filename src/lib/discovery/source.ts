// Where the real servers come from, as the daemon sees it: a stream of complete candidate lists. Knows nothing of
// Kubernetes, so that commands without discovery load none of it.
import { once } from 'node:events';
import { ProxyError } from '../errors.ts';
import type { HostPort } from '../model/address.ts';

/** How much the last snapshot is worth. */
export interface Freshness {
  /** Monotonic ms (performance.now()) at which the API last said anything valid, bookmarks included. */
  readonly lastEventAt: number | undefined;
  /** A watch is open. True for a static list, which cannot age. */
  readonly connected: boolean;
  /** What the open watch (or the attempt under way) hangs on: a URL, or HOST:PORT of a real server. */
  readonly server: string | undefined;
  /** Why there is no watch, or why it is not on the configured server; one sentence. */
  readonly lastProblem: string | undefined;
}

export interface EndpointSource {
  /**
   * Hands over complete, sorted, never empty lists, each different from the one before. Resolves when aborted and
   * when everything is closed; no failure of the API or the network rejects it.
   */
  run(onSnapshot: (candidates: readonly HostPort[]) => void, signal: AbortSignal): Promise<void>;
  readonly freshness: Freshness;
  /** The server that the watch hangs on was declared dead: leave it, and connect anew within a second. */
  reconnect(): void;
}

/** `--rs` and nothing else. */
export class StaticSource implements EndpointSource {
  readonly freshness: Freshness = {
    lastEventAt: undefined,
    connected: true,
    server: undefined,
    lastProblem: undefined,
  };
  readonly #candidates: readonly HostPort[];

  constructor(candidates: readonly HostPort[]) {
    this.#candidates = candidates;
  }

  async run(onSnapshot: (candidates: readonly HostPort[]) => void, signal: AbortSignal): Promise<void> {
    const aborted = signal.aborted ? undefined : once(signal, 'abort');
    if (aborted !== undefined && this.#candidates.length > 0) onSnapshot(this.#candidates);
    await aborted;
  }

  reconnect(): void {}
}

/** The first snapshot, for commands that look once. Fails with `discovery-failed` and the reason after `timeoutMs`. */
export async function firstSnapshot(source: EndpointSource, timeoutMs: number): Promise<readonly HostPort[]> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  let first: readonly HostPort[] | undefined;
  await source.run(candidates => {
    first ??= candidates;
    stop.abort();
  }, stop.signal);
  clearTimeout(timer);
  if (first !== undefined) return first;
  const reason = source.freshness.lastProblem ?? 'the API names no real server that can be used';
  throw new ProxyError(
    'discovery-failed',
    `discovery found no real servers in ${timeoutMs / 1000} s: ${reason}`,
  );
}
