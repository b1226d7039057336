// What the prober needs of a way to ask a master: one question at a time, and a word when the silence is broken.
import type { Evidence } from '../health/evidence.ts';

export interface ProbeChannel {
  /**
   * `limitMs` is for connecting, the TLS handshake and the answer together. `tell` hears of silence while it lasts
   * (`final` false: the question stays open), and then exactly one final piece of evidence. May throw, when we cannot ask.
   */
  probe(limitMs: number, tell: (evidence: Evidence, final: boolean) => void): void;
  /** Lets go of everything; nothing is told any more. */
  close(): void;
}

/**
 * `onLost` is called when an idle connection goes: with the errno's name, "CLOSE_NOTIFY" when the master's process
 * closed it, or "FIN" when only its kernel is known to have done so.
 * A channel that keeps nothing open never calls it. May throw, when we cannot ask.
 */
export type OpenChannel = (onLost: (code: string) => void) => ProbeChannel;
