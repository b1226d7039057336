// Keeps what a decision over all masters needs to remember: whether they are held, what was cut on soft evidence, and this
// node's own draws. The decision itself is health/decide.ts.
import type { Clock } from '../clock.ts';
import { type Decision, decide, type Policy } from '../health/decide.ts';
import type { ObservedRealServer } from '../reconcile/state.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Candidates } from './candidates.ts';

export interface JudgeOptions {
  readonly candidates: Candidates;
  readonly clock: Clock;
  readonly telemetry: Pick<Telemetry, 'held'>;
  readonly hangTimeMs: number;
  readonly drainTimeoutMs: number;
}

/** Thousands of nodes that hold a master for hung must not cut it in the same instant; with the hang time it is less than 5 s. */
const SOFT_SPREAD_MS = 500;

export class Judge {
  readonly #options: JudgeOptions;
  readonly #softCuts: number[] = [];
  readonly #policy: Policy;
  #held = false;

  constructor(options: JudgeOptions) {
    this.#options = options;
    const { hangTimeMs, drainTimeoutMs, clock } = options;
    this.#policy = {
      hangTimeMs,
      drainTimeoutMs: drainTimeoutMs * (1 + clock.random() / 2),
      softDelayMs: clock.random() * SOFT_SPREAD_MS,
      softCuts: this.#softCuts,
    };
  }

  get held(): boolean {
    return this.#held;
  }

  /** The candidates learn what was decided about them. */
  decide(kernel: readonly ObservedRealServer[]): Decision {
    const { candidates, clock, telemetry } = this.#options;
    const now = clock.now();
    const look = (): Decision => decide(candidates.views(), kernel, this.#policy, now);
    let decision = look();
    if (decision.held !== this.#held) {
      telemetry.held(decision.held);
      this.#held = decision.held;
      candidates.setHeld(decision.held);
      // At its end the others are forgiven, before anything follows from what they were.
      if (!decision.held) decision = look();
    }
    for (const { realServer, soft } of decision.dead) {
      candidates.markDead(realServer);
      if (soft) this.#softCuts.push(now);
    }
    return decision;
  }
}
