// What the prober needs of a way to ask a master: one question at a time, and a word when the silence is broken.
import type { Outcome } from '../health/outcome.ts';

export interface ProbeChannel {
  /** `timeoutMs` is for connecting, the TLS handshake and the answer together. Never rejects: a failure is an outcome. */
  probe(timeoutMs: number): Promise<Outcome>;
  /** Lets go of everything; `onLost` is not called any more. */
  close(): void;
}

/**
 * `onLost` is called when an idle connection goes: with the errno's name, or "FIN" when the master closed it.
 * A channel that keeps nothing open never calls it.
 */
export type OpenChannel = (onLost: (code: string) => void) => ProbeChannel;
