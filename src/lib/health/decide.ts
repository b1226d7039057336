// From the health of all masters to the weights in the kernel, and to who is dead. Pure; this is where "never empty" and
// "slow is not dead" are decided with knowledge of health (reconcile/plan.ts guards the first once more without).
//
// INVARIANTS (tested with generated histories):
// - Somebody takes connections, and an answered request never leads to a deletion.
// - Nobody is dead without a witness: another master that was heard after the silence began.
// - At most the budget's number of masters is taken out on soft evidence within a minute.
// - While nobody is known to serve, the kernel stays as it is.
import { compareHostPort, equalHostPort, type HostPort } from '../model/address.ts';
import type { DesiredRealServer, ObservedRealServer } from '../reconcile/state.ts';
import type { Health } from './scoreboard.ts';

export interface CandidateView extends HostPort {
  readonly health: Health;
  /** When it left discovery; undefined while discovery names it. */
  readonly leftAt: number | undefined;
  /** It left while it was dead: it is waited for, and no longer a part of the control plane. */
  readonly missing: boolean;
}

export interface Policy {
  /** A process that acknowledges and does not answer is taken for hung after this. */
  readonly hangTimeMs: number;
  /** With this node's own draw. */
  readonly drainTimeoutMs: number;
  /** This node's own draw: thousands of nodes must not cut the same master in the same instant. */
  readonly softDelayMs: number;
  /** When masters were taken out on soft evidence. */
  readonly softCuts: readonly number[];
}

export interface Decision {
  readonly realServers: readonly DesiredRealServer[];
  /** Nobody is known to serve: everything stays as it was, so that service resumes by itself with the first that works. */
  readonly held: boolean;
  /** Found dead now; `soft` = on soft evidence, within the budget. */
  readonly dead: readonly { readonly realServer: HostPort; readonly soft: boolean }[];
  /** When time alone changes the decision next. */
  readonly nextAt: number | undefined;
}

/** Beyond the budget, a silent process is taken out only after this. */
export const LONG_SILENCE_MS = 15_000;
const BUDGET_WINDOW_MS = 60_000;
/** From this part of the hang time on, a silent process gets nobody new: who comes then would be broken at once. */
const NOBODY_NEW = 7 / 8;
/** A handshake that is under way when the drain begins is not counted as an active connection until it is complete. */
const SETTLE_MS = 2000;

export function decide(
  candidates: readonly CandidateView[],
  kernel: readonly ObservedRealServer[],
  policy: Policy,
  now: number,
): Decision {
  const { dead, due } = findDead(candidates, kernel, policy, now);
  // One that was dead and has just answered is as good as new.
  const isDead = (candidate: CandidateView): boolean =>
    (candidate.health.state === 'dead' && candidate.health.good === 0) ||
    dead.some(({ realServer }) => realServer === candidate);
  const mute = candidates.filter(candidate => isMute(candidate, candidates, policy, now));
  const able = candidates.filter(candidate => !isDead(candidate) && !mute.includes(candidate));
  const serving = whoServes(able);
  if (serving === undefined) {
    const unprobed = able.some(({ health }) => health.state === 'new' && health.bad === 0 && !health.silence);
    return { ...hold(candidates, kernel, !unprobed), nextAt: soonest(due, now) };
  }
  const quick = serving.filter(({ health }) => health.state === 'ready' || health.good > 0);
  const kept = candidates.flatMap(candidate => {
    const inKernel = kernel.find(realServer => equalHostPort(realServer, candidate));
    if (serving.includes(candidate) || inKernel === undefined || isDead(candidate)) return [];
    const weight = weightBeside(candidate, inKernel, { quick, mute, policy, now });
    return weight === undefined ? [] : [weigh(candidate, weight)];
  });
  const realServers = [...serving.map(candidate => weigh(candidate, 1)), ...kept];
  return {
    realServers,
    held: false,
    dead: dead.map(({ realServer: { address, port }, soft }) => ({ realServer: { address, port }, soft })),
    nextAt: soonest(due, now),
  };
}

/** Its silence has lasted so long that it cannot be counted on, whatever its state says. */
function isMute(
  { health: { silence } }: CandidateView,
  all: readonly CandidateView[],
  { hangTimeMs }: Policy,
  now: number,
): boolean {
  if (silence === undefined) return false;
  if (silence.kind === 'host') return silence.confirmed;
  const lastsMs = now - silence.since;
  if (lastsMs >= hangTimeMs) return true;
  return lastsMs >= hangTimeMs * NOBODY_NEW && all.some(other => isQuickerThan(other, silence.since));
}

/** `due`: moments at which this comes out differently. */
function findDead(
  candidates: readonly CandidateView[],
  kernel: readonly ObservedRealServer[],
  { hangTimeMs, softDelayMs, softCuts }: Policy,
  now: number,
): { dead: { realServer: CandidateView; soft: boolean }[]; due: number[] } {
  const living = candidates.filter(({ health }) => health.state !== 'dead');
  const witnessed = living.filter(candidate => hasWitness(candidate, candidates));
  const lost = witnessed.filter(({ health: { silence } }) => silence?.kind === 'host' && silence.confirmed);
  const hung = witnessed
    .flatMap(candidate => {
      const { silence } = candidate.health;
      const isUsed = kernel.some(other => equalHostPort(other, candidate));
      return isUsed && silence?.kind === 'process' ? [{ candidate, since: silence.since }] : [];
    })
    .sort((a, b) => a.since - b.since || compareHostPort(a.candidate, b.candidate));
  const recent = softCuts.filter(at => now - at < BUDGET_WINDOW_MS).length;
  // Those that are gone already, for whatever reason, are as much of the control plane as may be missing: when one crashes,
  // its clients go to the others, which are then slow for a while.
  const members = candidates.filter(({ missing }) => !missing);
  const gone = members.filter(({ health: { state } }) => state === 'dead' || state === 'closing').length;
  const budget = Math.max(1, Math.floor((members.length - 1) / 2)) - Math.max(recent, gone);
  const moments = hung.map(({ candidate, since }, rank) => {
    const soft = rank < budget && hasQuickWitness(candidate, candidates);
    return {
      realServer: candidate,
      soft,
      mute: [since + hangTimeMs * NOBODY_NEW, since + hangTimeMs],
      at: since + (soft ? hangTimeMs : LONG_SILENCE_MS) + softDelayMs,
    };
  });
  const cut = moments.filter(({ at }) => at <= now);
  return {
    dead: [...lost.map(realServer => ({ realServer, soft: false })), ...cut],
    due: moments.flatMap(({ mute, at }) => [...mute, at]),
  };
}

function hasWitness(candidate: CandidateView, all: readonly CandidateView[]): boolean {
  const { silence } = candidate.health;
  return (
    silence !== undefined && all.some(other => other !== candidate && other.health.heardAt > silence.since)
  );
}

/** Another one answers in time what it was asked since: without, it may be everybody's overload, and longer patience costs less. */
function hasQuickWitness(candidate: CandidateView, all: readonly CandidateView[]): boolean {
  const since = candidate.health.silence?.since ?? Number.POSITIVE_INFINITY;
  return all.some(other => other !== candidate && other.health.quickSentAt > since);
}

/**
 * The discovered ready ones; where there are none, the next best group that has a member: ready ones that left discovery,
 * those whose last answer was good, slow ones, and those that answer but are not ready.
 */
function whoServes(able: readonly CandidateView[]): readonly CandidateView[] | undefined {
  const inState = (state: Health['state']) => able.filter(({ health }) => health.state === state);
  const groups = [
    inState('ready').filter(({ leftAt }) => leftAt === undefined),
    inState('ready'),
    able.filter(({ health }) => health.good > 0),
    inState('slow'),
    inState('draining'),
  ];
  return groups.find(members => members.length > 0);
}

function hold(
  candidates: readonly CandidateView[],
  kernel: readonly ObservedRealServer[],
  held: boolean,
): Pick<Decision, 'realServers' | 'held' | 'dead'> {
  if (kernel.some(({ weight }) => weight > 0)) {
    return { realServers: kernel.map(one => weigh(one, one.weight)), held, dead: [] };
  }
  const all = kernel.filter(one => !candidates.some(other => equalHostPort(other, one)));
  const members = candidates.filter(({ missing }) => !missing);
  return {
    realServers: [...(members.length > 0 ? members : candidates), ...all].map(one => weigh(one, 1)),
    held: held && candidates.length > 0,
    dead: [],
  };
}

interface Beside {
  /** Those that serve and answer in time. */
  readonly quick: readonly CandidateView[];
  readonly mute: readonly CandidateView[];
  readonly policy: Policy;
  readonly now: number;
}

/** The weight of one that the kernel has and that does not serve; undefined = it goes. */
function weightBeside(
  candidate: CandidateView,
  { weight, activeConnections }: ObservedRealServer,
  { quick, mute, policy, now }: Beside,
): number | undefined {
  const { health, leftAt } = candidate;
  if (health.state === 'new' || health.state === 'dead') return weight;
  const age = now - Math.max(health.since, leftAt ?? health.since);
  // Refused: a crashed process has no connections, and one that ends in order serves those that it has. For new ones whoever
  // answers is better, however late, ready or not.
  if (health.state === 'closing') {
    const isOver = age >= policy.drainTimeoutMs || (weight === 0 && activeConnections === 0);
    return isOver ? undefined : 0;
  }
  if (quick.length === 0) return weight;
  if (mute.includes(candidate)) {
    return quick.some(other => other.health.heardAt > (health.silence?.since ?? now)) ? 0 : weight;
  }
  if (health.state === 'slow')
    return weight > 0 && !quick.some(other => isQuickerThan(other, health.lateSentAt)) ? weight : 0;
  if (age >= policy.drainTimeoutMs) return undefined;
  return activeConnections === 0 && age >= SETTLE_MS ? undefined : 0;
}

/**
 * It was quick before another one was asked, at `sentAt`, what it answered late or not yet, and has been since. Otherwise the
 * two were probed at different moments of what may be everybody's overload, and nothing tells them apart.
 */
function isQuickerThan({ health, leftAt }: CandidateView, sentAt: number): boolean {
  if (health.state !== 'ready' || leftAt !== undefined || health.silence !== undefined || health.bad > 0)
    return false;
  return health.quickAt > sentAt && health.goodSince < sentAt;
}

function soonest(moments: readonly number[], now: number): number | undefined {
  const ahead = moments.filter(at => at > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

function weigh({ address, port }: HostPort, weight: number): DesiredRealServer {
  return { address, port, weight };
}
