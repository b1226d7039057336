// The health of one candidate as a small state machine: probe outcomes in, states out. Pure; time is handed in.
import type { Outcome } from './outcome.ts';

export type HealthState = 'new' | 'ready' | 'draining' | 'dead';

export interface Thresholds {
  /** Good probes in a row until a candidate serves. */
  readonly rise: number;
  /** Bad probes in a row until it no longer does. */
  readonly fall: number;
}

export interface Health {
  readonly state: HealthState;
  /** Monotonic milliseconds at which the state began. */
  readonly since: number;
  /** Consecutive outcomes of each kind; one of another kind ends the run. */
  readonly good: number;
  readonly notReady: number;
  readonly unanswered: number;
  /** Consecutive outcomes that were not good, of whatever kind. */
  readonly bad: number;
  /** Why the last bad probe was bad. */
  readonly reason: string;
}

export function newHealth(now: number): Health {
  return { state: 'new', since: now, good: 0, notReady: 0, unanswered: 0, bad: 0, reason: '' };
}

/** The health after one more outcome. */
export function score(health: Health, outcome: Outcome, { rise, fall }: Thresholds, now: number): Health {
  const counted = count(health, outcome);
  const state = nextState(counted, outcome, rise, fall);
  return state === health.state ? counted : { ...counted, state, since: now };
}

function count(health: Health, outcome: Outcome): Health {
  if (outcome.kind === 'ready')
    return { ...health, good: health.good + 1, notReady: 0, unanswered: 0, bad: 0 };
  const { reason } = outcome;
  const bad = health.bad + 1;
  if (outcome.kind === 'not-ready')
    return { ...health, good: 0, notReady: health.notReady + 1, unanswered: 0, bad, reason };
  return { ...health, good: 0, notReady: 0, unanswered: health.unanswered + 1, bad, reason };
}

function nextState(health: Health, outcome: Outcome, rise: number, fall: number): HealthState {
  if (outcome.kind === 'ready') return health.good >= rise ? 'ready' : health.state;
  if (outcome.kind === 'dead' && (outcome.hard || health.unanswered >= fall)) return 'dead';
  // It answered at least once of late: enough bad answers take it out of service without cutting its connections.
  if (health.state === 'dead') return health.notReady >= rise ? 'draining' : 'dead';
  if (health.state === 'draining') return 'draining';
  return health.bad >= fall ? 'draining' : health.state;
}
