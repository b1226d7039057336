// Every wait of discovery, with its reason. Tests shorten them; nobody else should need to.

export interface Timing {
  readonly connectMs: number;
  readonly answerMs: number;
  readonly bodyMs: number;
  readonly silenceMs: number;
  readonly watchMs: number;
  readonly settledMs: number;
  readonly resumeJitterMs: number;
  readonly relistJitterMs: number;
  readonly backoffMs: number;
  readonly backoffCeilingMs: number;
  readonly retryAfterCeilingMs: number;
  readonly debounceMs: number;
}

export const DEFAULT_TIMING: Timing = {
  /** TCP and TLS: three lost SYNs (1 + 2 s) and a slow handshake. Then the next server is tried. */
  connectMs: 5000,
  /** An apiserver that queues requests (priority and fairness) answers late, but not this late. */
  answerMs: 10_000,
  /** The rest of a list, which is one object or a handful of nodes. */
  bodyMs: 10_000,
  /** Three times the interval of bookmarks (a minute): such a watch hangs, or waits for a version that will not come. */
  silenceMs: 180_000,
  /** timeoutSeconds of a watch is this to twice this: 5 to 10 minutes, as client-go does it. */
  watchMs: 300_000,
  /** A watch that lived this long proves that the server works: the back-off starts over. */
  settledMs: 10_000,
  /** After a watch that ended as it should, or a dead master: thousands of nodes come back spread over this. */
  resumeJitterMs: 1000,
  /** Before a new list: every node is told "410 Gone" in the same moment. */
  relistJitterMs: 5000,
  backoffMs: 1000,
  backoffCeilingMs: 30_000,
  /** What a server asks us to wait (Retry-After) is waited, and up to a half more, but not longer than an apiserver asks. */
  retryAfterCeilingMs: 30_000,
  /** A master that restarts leaves the list and returns; several that change together are one change. */
  debounceMs: 1000,
};
