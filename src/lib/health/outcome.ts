// What one probe says about a master, before any threshold is applied.

export type Outcome =
  /** It serves. */
  | { readonly kind: 'ready'; readonly latencyMs: number }
  /** It answers, but says that it should not get new connections (it is shutting down, or still starting). */
  | { readonly kind: 'not-ready'; readonly reason: string; readonly latencyMs: number }
  /** No answer. `hard` = the host itself said that nobody listens, so there is no point in asking again. */
  | { readonly kind: 'dead'; readonly reason: string; readonly hard: boolean };

/**
 * What an HTTP status means for a load balancer. 401 and 403: the apiserver is up and refuses anonymous health requests
 * (anonymous authentication is off); it serves whoever has credentials. `accepted` overrides that with exact codes.
 */
export function judgeStatus(status: number, latencyMs: number, accepted: ReadonlySet<number>): Outcome {
  if (accepted.has(status)) return { kind: 'ready', latencyMs };
  return { kind: 'not-ready', reason: `http-${status}`, latencyMs };
}

export const DEFAULT_ACCEPTED: ReadonlySet<number> = new Set([200, 401, 403]);

/** Codes that only a live host without a listener produces. Everything else may be a lost packet. */
const HARD_FAILURES = new Set(['ECONNREFUSED']);

export function judgeFailure(code: string): Outcome {
  return { kind: 'dead', reason: code.toLowerCase(), hard: HARD_FAILURES.has(code) };
}
