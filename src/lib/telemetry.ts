// What the daemon tells the outside world, as it happens. Logs, events on disk and metrics are listeners of this.

import type { Evidence } from './health/evidence.ts';
import type { HealthState } from './health/scoreboard.ts';
import type { HostPort } from './model/address.ts';
import type { Step } from './reconcile/steps.ts';

export interface Transition {
  readonly realServer: HostPort;
  readonly from: HealthState;
  readonly to: HealthState;
  readonly reason: string;
}

export interface Telemetry {
  probed(realServer: HostPort, evidence: Evidence): void;
  changed(transition: Transition): void;
  /** Discovery named another set. */
  discovered(added: readonly HostPort[], left: readonly HostPort[]): void;
  /** A real server is no longer looked after: it left discovery and the kernel. */
  forgotten(realServer: HostPort): void;
  /** Everything looks dead (true), or no longer (false). */
  held(holding: boolean): void;
  /** The kernel did not have what we had put there. */
  repaired(step: Step): void;
  /** A step that follows from a decision of ours. */
  applied(step: Step): void;
  stepFailed(step: Step, error: unknown): void;
  /** So many connections that no real server served were broken. */
  connectionsReset(count: number): void;
  passFinished(durationMs: number, ok: boolean): void;
  problem(what: string, error: unknown): void;
}

/** One who listens to a part of it. */
export function listener(heard: Partial<Telemetry>): Telemetry {
  return {
    probed() {},
    changed() {},
    discovered() {},
    forgotten() {},
    held() {},
    repaired() {},
    applied() {},
    stepFailed() {},
    connectionsReset() {},
    passFinished() {},
    problem() {},
    ...heard,
  };
}

/** Tells all of them. */
export function fanOut(listeners: readonly Telemetry[]): Telemetry {
  const each = (tell: (listener: Telemetry) => void): void => listeners.forEach(tell);
  return {
    probed: (...args) => each(listener => listener.probed(...args)),
    changed: (...args) => each(listener => listener.changed(...args)),
    discovered: (...args) => each(listener => listener.discovered(...args)),
    forgotten: (...args) => each(listener => listener.forgotten(...args)),
    held: (...args) => each(listener => listener.held(...args)),
    repaired: (...args) => each(listener => listener.repaired(...args)),
    applied: (...args) => each(listener => listener.applied(...args)),
    stepFailed: (...args) => each(listener => listener.stepFailed(...args)),
    connectionsReset: (...args) => each(listener => listener.connectionsReset(...args)),
    passFinished: (...args) => each(listener => listener.passFinished(...args)),
    problem: (...args) => each(listener => listener.problem(...args)),
  };
}
