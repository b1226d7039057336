// What can be wrong with an answer of the API. Network and TLS failures stay Node's own errors.
import { errnoCode, messageOf, ProxyError } from '../errors.ts';

export type ApiErrorCode =
  /** An HTTP status that is not 200; `status` has it. */
  | 'api-status'
  /** Not what the API's documentation promises. */
  | 'api-garbage'
  | 'api-timeout'
  /** An open watch without so much as a bookmark. */
  | 'api-silent'
  /** The server no longer has the history from our resourceVersion on. */
  | 'api-expired'
  /** The server ended the watch long before the time that it was asked for. */
  | 'api-cut-short'
  /** Not asked: the server named a time that is not over. */
  | 'api-busy';

export class ApiError extends ProxyError {
  override readonly code: ApiErrorCode;
  readonly status: number | undefined;
  /** What the server asks us to wait before we ask again. */
  readonly retryAfterMs: number;

  constructor(code: ApiErrorCode, message: string, status?: number, retryAfterMs = 0) {
    super(code, message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The answer is about us or the request, and every other apiserver would give the same. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.status !== undefined && error.status < 500 && !isBusy(error);
}

/** This server has too much to do, which says nothing about another one. */
function isBusy(error: ApiError): boolean {
  return error.status === 429 || isLeftAlone(error);
}

/** Nothing was asked. */
export function isLeftAlone(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'api-busy';
}

/** Nothing is wrong: it was too long since our last version. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'api-expired';
}

/** Only a new list helps. */
export function needsList(error: unknown): boolean {
  return isExpired(error) || (error instanceof ApiError && error.code === 'api-silent');
}

/** An answer that came, but cannot be used. */
export function isBadAnswer(error: unknown): boolean {
  return error instanceof ApiError && error.code !== 'api-timeout' && !isRefusal(error) && !isBusy(error);
}

/** One sentence, also for the failure of several addresses of one name, whose message is empty. */
export function describeFailure(error: unknown): string {
  return messageOf(error) || errnoCode(error) || 'unknown failure';
}
