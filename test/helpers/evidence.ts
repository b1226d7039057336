// Histories of evidence in one letter each, and candidates with the health that a history gives them.
import type { CandidateView } from '../../src/lib/health/decide.ts';
import type { Evidence } from '../../src/lib/health/evidence.ts';
import { type Health, newHealth, score, type Thresholds } from '../../src/lib/health/scoreboard.ts';
import type { ObservedRealServer } from '../../src/lib/reconcile/state.ts';

export const TWICE: Thresholds = { rise: 2, fall: 2 };

const BY_LETTER: Record<string, (now: number) => Evidence> = {
  '+': () => ({ kind: 'ready', latencyMs: 1 }),
  l: () => ({ kind: 'late', latencyMs: 1500 }),
  n: () => ({ kind: 'not-ready', reason: 'http-500', latencyMs: 1 }),
  r: () => ({ kind: 'refused', reason: 'econnrefused' }),
  o: () => ({ kind: 'refused', reason: 'econnrefused', inOrder: true }),
  h: now => ({ kind: 'host-silent', reason: 'etimedout', since: now - 1000 }),
  p: now => ({ kind: 'process-silent', reason: 'no answer', since: now - 1000 }),
  c: () => ({ kind: 'closed', reason: 'fin' }),
  f: () => ({ kind: 'local-fault', reason: 'emfile' }),
};

export function evidence(letter: string, now = 0): Evidence {
  const make = BY_LETTER[letter];
  if (make === undefined) throw new Error(`no evidence is written ${letter}`);
  return make(now);
}

/** "++ll": one piece a second; the last at `endsAt`. */
export function healthAfter(history: string, endsAt = history.length * 1000, thresholds = TWICE): Health {
  const startsAt = endsAt - history.length * 1000;
  return [...history].reduce((health, letter, index) => {
    const now = startsAt + (index + 1) * 1000;
    return score(health, evidence(letter, now), thresholds, now);
  }, newHealth(startsAt));
}

/** "m1" is 10.0.0.1:6443. */
export function at(name: string): { address: string; port: number } {
  return { address: `10.0.0.${name.slice(1)}`, port: 6443 };
}

export function candidate(name: string, health: Health, leftAt?: number): CandidateView {
  return { ...at(name), health, leftAt, missing: false };
}

export function inKernel(name: string, weight = 1, activeConnections = 0): ObservedRealServer {
  return { ...at(name), weight, masquerading: true, activeConnections, inactiveConnections: 0 };
}
