// Probes one master for as long as it is a candidate: at a jittered interval, at once when the sentinel fires, and
// again soon while the answers are not yet conclusive.
import { setTimeout as delay } from 'node:timers/promises';
import { ignoreAbort } from '../errors.ts';
import { judgeFailure, type Outcome } from '../health/outcome.ts';
import type { OpenChannel, ProbeChannel } from './channel.ts';

export interface ProberOptions {
  readonly open: OpenChannel;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** How soon the next probe follows, given the last outcome; undefined = after the interval. */
  readonly nextInMs: () => number | undefined;
  readonly onOutcome: (outcome: Outcome) => void;
}

/**
 * A master may close each connection behind its answer; the sentinel then fires after every probe. It speeds up the next
 * one no further than this.
 */
const SENTINEL_GAP_MS = 200;

/** The kernel asked the master and got no answer, or learned that nobody knows the way: as good as a failed probe. */
const SILENCE = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Behind 2 s of silence the confirming probe has less time: a lost SYN is not sent again within a second in any case. */
const SUSPICION = 2;

/** +-20 %: thousands of nodes that were started together must not ask together. */
const JITTER = 0.2;

export class Prober {
  readonly #options: ProberOptions;
  readonly #abort = new AbortController();
  #channel: ProbeChannel | undefined;
  #probing = false;
  #lastProbeAt = 0;
  /** The kernel has just given up on the last connection. */
  #silent = false;
  #wake: (() => void) | undefined;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const outcome = await this.#probeOnce();
      if (signal.aborted) return;
      this.#options.onOutcome(outcome);
      await this.#pause(this.#options.nextInMs() ?? jittered(this.#options.intervalMs));
    }
  }

  /** Ends run() at once. */
  stop(): void {
    this.#abort.abort();
    this.#dropChannel();
    this.#wake?.();
  }

  async #probeOnce(): Promise<Outcome> {
    this.#channel ??= this.#options.open(code => this.#sentinelFired(code));
    const { timeoutMs } = this.#options;
    this.#probing = true;
    const outcome = await this.#channel.probe(this.#silent ? timeoutMs / SUSPICION : timeoutMs);
    this.#probing = false;
    this.#silent = false;
    this.#lastProbeAt = performance.now();
    // A second try is worth something only over a fresh connection.
    if (outcome.kind === 'dead') this.#dropChannel();
    return outcome;
  }

  /** A connection that timed out under the kernel's eyes is a failed probe; one that was closed is a reason to ask. */
  #sentinelFired(code: string): void {
    // The probe that is under way on this connection fails with it, and says so itself.
    if (this.#probing) return;
    this.#dropChannel();
    this.#silent = SILENCE.has(code);
    if (this.#silent) this.#options.onOutcome(judgeFailure(code));
    const gap = this.#lastProbeAt + SENTINEL_GAP_MS - performance.now();
    if (gap <= 0) this.#wake?.();
    else setTimeout(() => this.#wake?.(), gap).unref();
  }

  #dropChannel(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  async #pause(milliseconds: number): Promise<void> {
    const wake = new AbortController();
    this.#wake = () => wake.abort();
    await delay(milliseconds, undefined, { signal: wake.signal }).catch(ignoreAbort);
    this.#wake = undefined;
  }
}

function jittered(intervalMs: number): number {
  return intervalMs * (1 - JITTER + 2 * JITTER * Math.random());
}
