// What a probe, or the kernel that watches its connection, shows of a master. Evidence has weight: it says who is silent,
// not merely that no answer came in time. What follows from it is decided elsewhere.

export type Evidence =
  /** A good answer within the time limit. */
  | { readonly kind: 'ready'; readonly latencyMs: number; readonly unverified?: string | undefined }
  /** A complete good answer, after the time limit: overloaded, and alive. */
  | { readonly kind: 'late'; readonly latencyMs: number }
  /** It answers, and says that it should get no new connections: it shuts down, starts, or misses something. */
  | { readonly kind: 'not-ready'; readonly reason: string; readonly latencyMs: number }
  /**
   * Its host says that nobody listens: crashed, or shutting down in order with requests still in flight. `inOrder`: its
   * process closed the connection before that, as one that crashed does not.
   */
  | { readonly kind: 'refused'; readonly reason: string; readonly inOrder?: boolean }
  /** Its kernel acknowledges, and since `since` no byte has come: hung or overloaded. Told again each second. */
  | { readonly kind: 'process-silent'; readonly reason: string; readonly since: number }
  /** Nobody acknowledges since `since`: the host, or the way to it, is gone. */
  | { readonly kind: 'host-silent'; readonly reason: string; readonly since: number }
  /** The connection ended before an answer. */
  | { readonly kind: 'closed'; readonly reason: string }
  /** We could not even ask (our own certificates, descriptors): says nothing about the master. */
  | { readonly kind: 'local-fault'; readonly reason: string };

export type EvidenceKind = Evidence['kind'];

/** Monotonic milliseconds for every `since`. */
export type Silent = Extract<Evidence, { since: number }>;

/**
 * What an HTTP status means for a load balancer. 401 and 403: the apiserver is up and refuses anonymous health requests
 * (anonymous authentication is off); it serves whoever has credentials. `accepted` overrides that with exact codes.
 */
export function judgeStatus(
  status: number,
  latencyMs: number,
  accepted: ReadonlySet<number>,
  late = false,
): Evidence {
  if (!accepted.has(status)) return { kind: 'not-ready', reason: `http-${status}`, latencyMs };
  return { kind: late ? 'late' : 'ready', latencyMs };
}

export const DEFAULT_ACCEPTED: ReadonlySet<number> = new Set([200, 401, 403]);

/** The kernel asked and got no answer, or learned that nobody knows the way. */
const HOST_SILENT = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN']);

/** This host has run out of something, or forbids it. */
const OURS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EACCES', 'EPERM']);

/** An errno's name, or "FIN" for a connection that the other side ended. */
export function judgeFailure(code: string, since: number): Evidence {
  const reason = code.toLowerCase();
  if (code === 'ECONNREFUSED') return { kind: 'refused', reason };
  if (HOST_SILENT.has(code)) return { kind: 'host-silent', reason, since };
  if (OURS.has(code)) return { kind: 'local-fault', reason };
  return { kind: 'closed', reason };
}
