// Probes one master for as long as it is a candidate: at intervals, at once when the sentinel fires or somebody suspects
// something, and one question at a time. It cannot end silently: whatever throws is a local fault, and the next question
// is always planned.
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { type Evidence, judgeFailure } from '../health/evidence.ts';
import type { OpenChannel, ProbeChannel } from './channel.ts';
import { FAREWELL } from './farewell.ts';

export interface ProberOptions {
  readonly open: OpenChannel;
  readonly clock: Clock;
  readonly limitMs: number;
  /** How soon the next probe follows, given the last evidence. */
  readonly nextInMs: (evidence: Evidence) => number;
  readonly onEvidence: (evidence: Evidence) => void;
}

/**
 * A master may close each connection behind its answer; the sentinel then fires after every probe. It speeds up the next
 * one no further than this.
 */
const SENTINEL_GAP_MS = 200;
/** What suspicion costs a master at most: one probe in this time. */
const SUSPICION_GAP_MS = 1000;
/** What the sentinel waited for in vain when it gives up. */
const SENTINEL_SILENCE_MS = 1500;
/** Behind silence the confirming probe has less time: a lost SYN is not sent again within a second in any case. */
const HASTE = 2;

/** After these a second try is worth something only over a fresh connection. */
const ENDS_CONNECTION: ReadonlySet<string> = new Set(['closed', 'refused', 'host-silent', 'local-fault']);

/** Behind a farewell. */
const SAYS_NOTHING_NEW: ReadonlySet<string> = new Set(['refused', 'local-fault']);

export class Prober {
  readonly #options: ProberOptions;
  #channel: ProbeChannel | undefined;
  #timer: unknown;
  #dueAt = Number.POSITIVE_INFINITY;
  #sentAt = Number.NEGATIVE_INFINITY;
  #asking = false;
  #hasty = false;
  /** Its process closed the last connection, and has not answered since. */
  #saidFarewell = false;
  #stopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  start(): void {
    this.#plan(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#dropChannel();
  }

  /** Somebody suspects something: the next probe follows at once, unless one is under way or was a moment ago. */
  probeSoon(): void {
    const soonest = this.#sentAt + SUSPICION_GAP_MS;
    if (this.#asking || this.#stopped || soonest >= this.#dueAt) return;
    this.#plan(soonest - this.#options.clock.now());
  }

  /**
   * What was asked before says nothing about now: a host that was silent may be back, and what was sent to it then is lost.
   * It is asked over a fresh connection, with the whole time limit.
   */
  probeAnew(): void {
    if (!this.#hasty || this.#stopped) {
      this.probeSoon();
      return;
    }
    this.#dropChannel();
    this.#asking = false;
    this.#hasty = false;
    this.#plan(0);
  }

  #plan(inMs: number): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#dueAt = clock.now() + Math.max(0, inMs);
    this.#timer = clock.setTimeout(() => this.#ask(), Math.max(0, inMs));
  }

  #ask(): void {
    const { open, clock, limitMs } = this.#options;
    this.#asking = true;
    this.#sentAt = clock.now();
    try {
      const channel = this.#channel ?? open(code => this.#sentinelFired(code));
      this.#channel = channel;
      channel.probe(this.#hasty ? limitMs / HASTE : limitMs, (evidence, final) => {
        if (this.#channel === channel) this.#hear(evidence, final);
      });
    } catch (error) {
      this.#hear({ kind: 'local-fault', reason: messageOf(error) }, true);
    }
  }

  #hear(heard: Evidence, final: boolean): void {
    if (this.#stopped) return;
    const evidence = this.#saidFarewell && heard.kind === 'refused' ? { ...heard, inOrder: true } : heard;
    if (!SAYS_NOTHING_NEW.has(evidence.kind)) this.#saidFarewell = false;
    if (final) {
      this.#asking = false;
      this.#hasty = evidence.kind === 'host-silent';
      if (ENDS_CONNECTION.has(evidence.kind)) this.#dropChannel();
    }
    try {
      this.#options.onEvidence(evidence);
    } finally {
      if (final && !this.#stopped) this.#plan(this.#options.nextInMs(evidence));
    }
  }

  /** A connection that timed out under the kernel's eyes is evidence; one that was closed is a reason to ask. */
  #sentinelFired(code: string): void {
    // The question that is under way on this connection fails with it, and says so itself.
    if (this.#asking || this.#stopped) return;
    this.#dropChannel();
    this.#saidFarewell = code === FAREWELL;
    const now = this.#options.clock.now();
    const evidence = judgeFailure(code, now - SENTINEL_SILENCE_MS);
    if (evidence.kind === 'host-silent') {
      this.#hasty = true;
      this.#options.onEvidence(evidence);
    }
    if (!this.#stopped) this.#plan(this.#sentAt + SENTINEL_GAP_MS - now);
  }

  #dropChannel(): void {
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.close();
  }
}
