// From the health of the candidates to the weights in the kernel. Pure; this is where "never empty" is decided with
// knowledge of health (reconcile/plan.ts guards it once more without).
import { equalHostPort, type HostPort } from '../model/address.ts';
import type { DesiredRealServer, ObservedRealServer } from '../reconcile/state.ts';
import type { HealthState } from './scoreboard.ts';

export interface CandidateView extends HostPort {
  readonly state: HealthState;
  /** Milliseconds since the state began, or since it left discovery if that was later. */
  readonly stateAgeMs: number;
  /** Its last probe was good, though it is not ready yet (`rise` not reached). */
  readonly promising: boolean;
  /** False when discovery no longer names it. */
  readonly discovered: boolean;
}

export interface Decision {
  readonly realServers: readonly DesiredRealServer[];
  /** Everything looks dead: all candidates stay in, so that service resumes by itself with the first that works. */
  readonly held: boolean;
}

/**
 * Who serves: the discovered ready ones; where there are none, the next best group that has a member: ready ones that
 * left discovery, then those whose last probe was good, then those that answer but are not ready, then those not probed
 * yet, and at last everything (held).
 * Everybody else drains, stays as the kernel has it, or goes.
 */
export function decide(
  candidates: readonly CandidateView[],
  kernel: readonly ObservedRealServer[],
  drainTimeoutMs: number,
): Decision {
  const groups = [
    candidates.filter(({ state, discovered }) => state === 'ready' && discovered),
    candidates.filter(({ state }) => state === 'ready'),
    candidates.filter(({ promising }) => promising),
    candidates.filter(({ state }) => state === 'draining'),
  ];
  const serving = groups.find(group => group.length > 0);
  if (serving === undefined) return decideWithoutServing(candidates, kernel);
  const others = candidates.filter(candidate => !serving.includes(candidate));
  const kept = others.flatMap(candidate =>
    keepOrDrain(candidate, inKernel(kernel, candidate), drainTimeoutMs),
  );
  return { realServers: [...serving.map(candidate => weigh(candidate, 1)), ...kept], held: false };
}

/** Only new ones without an answer, and dead ones: what the kernel has of the new ones stays as it is; nothing there that serves = hold all. */
function decideWithoutServing(
  candidates: readonly CandidateView[],
  kernel: readonly ObservedRealServer[],
): Decision {
  const fresh = candidates.filter(({ state }) => state === 'new');
  const keep = fresh.flatMap(candidate => keepAsIs(candidate, inKernel(kernel, candidate)));
  if (keep.some(({ weight }) => weight > 0)) return { realServers: keep, held: false };
  if (fresh.length > 0) return { realServers: fresh.map(candidate => weigh(candidate, 1)), held: false };
  return { realServers: candidates.map(candidate => weigh(candidate, 1)), held: candidates.length > 0 };
}

/** A handshake that is under way when the drain begins is not counted as an active connection until it is complete. */
const SETTLE_MS = 2000;

function keepOrDrain(
  candidate: CandidateView,
  now: ObservedRealServer | undefined,
  drainTimeoutMs: number,
): DesiredRealServer[] {
  if (now === undefined || candidate.state === 'dead') return [];
  if (candidate.state === 'new') return keepAsIs(candidate, now);
  // Planned drain of a live master: no new connections, until the old ones are gone or the time is over.
  const drained = now.activeConnections === 0 && candidate.stateAgeMs >= SETTLE_MS;
  return drained || candidate.stateAgeMs >= drainTimeoutMs ? [] : [weigh(candidate, 0)];
}

function keepAsIs(candidate: CandidateView, now: ObservedRealServer | undefined): DesiredRealServer[] {
  return now === undefined ? [] : [weigh(candidate, now.weight)];
}

function inKernel(
  kernel: readonly ObservedRealServer[],
  candidate: HostPort,
): ObservedRealServer | undefined {
  return kernel.find(realServer => equalHostPort(realServer, candidate));
}

function weigh({ address, port }: HostPort, weight: number): DesiredRealServer {
  return { address, port, weight };
}
