// Scoreboard and decision together, on generated histories of several masters: what may never happen, whatever was seen.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CandidateView, decide, LONG_SILENCE_MS } from '../../../src/lib/health/decide.ts';
import type { Evidence } from '../../../src/lib/health/evidence.ts';
import { die, forgive, type Health, heard, newHealth, score } from '../../../src/lib/health/scoreboard.ts';
import type { ObservedRealServer } from '../../../src/lib/reconcile/state.ts';
import { at, evidence, inKernel, TWICE } from '../../helpers/evidence.ts';

const HANG_MS = 4000;
const RUNS = { numRuns: 10_000 };

/** One node that does what the daemon does: evidence to health, and after each piece a pass over the kernel. */
class Node {
  readonly health = new Map<string, Health>();
  readonly softCuts: number[] = [];
  readonly removed: { name: string; at: number; health: Health }[] = [];
  kernel: ObservedRealServer[];
  changes = 0;
  readonly #answeredAt = new Map<string, number>();
  #held = false;

  constructor(names: readonly string[]) {
    for (const name of names) this.health.set(name, newHealth(0));
    this.kernel = names.map(name => inKernel(name, 1, 2));
  }

  hear(name: string, piece: Evidence, now: number): void {
    const health = this.health.get(name);
    // One question at a time: what is asked now was asked after the last answer.
    const asked = piece.kind === 'process-silent' && {
      since: Math.max(piece.since, this.#answeredAt.get(name) ?? 0),
    };
    if (piece.kind !== 'process-silent') this.#answeredAt.set(name, now);
    if (health !== undefined)
      this.health.set(name, score(health, { ...piece, ...asked } as Evidence, TWICE, now));
    this.pass(now);
  }

  /** Bytes of other traffic came from it. */
  hearTraffic(name: string, now: number): void {
    const health = this.health.get(name);
    if (health !== undefined) this.health.set(name, heard(health, now));
    this.pass(now);
  }

  pass(now: number): void {
    const policy = { hangTimeMs: HANG_MS, drainTimeoutMs: 60_000, softDelayMs: 300, softCuts: this.softCuts };
    const views = (): CandidateView[] =>
      [...this.health].map(([name, health]) => ({ ...at(name), health, leftAt: undefined, missing: false }));
    let decision = decide(views(), this.kernel, policy, now);
    if (this.#held && !decision.held) {
      for (const [name, health] of this.health)
        if (health.good === 0) this.health.set(name, forgive(health, now));
      decision = decide(views(), this.kernel, policy, now);
    }
    this.#held = decision.held;
    for (const { realServer, soft } of decision.dead) {
      const name = nameOf(realServer.address);
      this.health.set(name, die(this.health.get(name) ?? newHealth(now), now));
      if (soft) this.softCuts.push(now);
    }
    const before = shape(this.kernel);
    for (const { address } of this.kernel) {
      const stays = decision.realServers.some(other => other.address === address);
      const health = this.health.get(nameOf(address));
      if (!stays && health !== undefined) this.removed.push({ name: nameOf(address), at: now, health });
    }
    this.kernel = decision.realServers.map(({ address, weight }) => inKernel(nameOf(address), weight, 2));
    if (shape(this.kernel) !== before) this.changes += 1;
    expect(
      this.kernel.some(({ weight }) => weight > 0),
      'somebody takes connections',
    ).toBe(true);
  }
}

const nameOf = (address: string): string => `m${address.split('.').at(-1)}`;
const shape = (kernel: readonly ObservedRealServer[]): string =>
  kernel
    .map(({ address, weight }) => `${address}=${weight}`)
    .sort()
    .join(' ');

const NAMES = ['m1', 'm2', 'm3', 'm4', 'm5'];
const step = (letters: string) =>
  fc.record({
    name: fc.constantFrom(...NAMES),
    letter: fc.constantFrom(...letters),
    afterMs: fc.integer({ min: 1, max: 3000 }),
  });

function play(letters: string, check: (node: Node, now: number) => void): void {
  const property = fc.property(
    fc.integer({ min: 1, max: 5 }),
    fc.array(step(letters), { maxLength: 40 }),
    (count, steps) => {
      const node = new Node(NAMES.slice(0, count));
      let now = 0;
      for (const { name, letter, afterMs } of steps) {
        now += afterMs;
        if (letter === 't') node.hearTraffic(name, now);
        else if (node.health.has(name)) node.hear(name, evidence(letter, now), now);
        check(node, now);
      }
    },
  );
  fc.assert(property, RUNS);
}

test('with any evidence somebody takes connections, and soft cuts within a minute keep to the budget', () => {
  play('+lnrhpcft', (node, now) => {
    const recent = node.softCuts.filter(each => now - each < 60_000).length;
    expect(recent).toBeLessThanOrEqual(Math.max(1, Math.floor((node.health.size - 1) / 2)));
  });
});

test('answers, in time or late, never lead to a deletion, however they alternate', () => {
  play('+lt', node => expect(node.removed).toEqual([]));
});

test('an answer and bytes of other traffic end every silence: whoever goes has been silent since', () => {
  play('+lhpt', node => {
    for (const { health } of node.removed) expect(health.silence).toBeDefined();
  });
});

test('slow or silent: beyond the budget nobody goes before the long silence; while all are slow, nothing changes', () => {
  play('lp', node => {
    const early = node.removed.filter(
      ({ at, health }) => at - (health.silence?.since ?? at) < LONG_SILENCE_MS,
    );
    expect(early.length).toBeLessThanOrEqual(node.softCuts.length);
  });
  play('l', node => expect(node.changes).toBe(0));
});

test('faults of this node change nothing', () => {
  play('ft', node => expect(node.changes).toBe(0));
});

test('everybody is late for half a minute and well again, probed at any phases: nothing ever changes', () => {
  const phases = fc.array(fc.integer({ min: 0, max: 9999 }), { minLength: 3, maxLength: 3 });
  const property = fc.property(phases, fc.integer({ min: 300, max: 2900 }), (starts, extraMs) => {
    const node = new Node(NAMES.slice(0, 3));
    for (const name of node.health.keys()) for (const now of [1, 2]) node.hear(name, evidence('+', now), now);
    playOverload(node, starts, 10_000, 40_000, extraMs);
    expect(node.changes).toBe(0);
  });
  fc.assert(property, { numRuns: 2000 });
});

/** Requests as the prober makes them: one at a time, another 100 ms after what is open, others at once on suspicion. */
function playOverload(
  node: Node,
  starts: readonly number[],
  from: number,
  to: number,
  extraMs: number,
): void {
  const names = [...node.health.keys()];
  const next = new Map(names.map((name, index) => [name, starts[index] ?? 0]));
  const sent = new Map(names.map(name => [name, Number.NEGATIVE_INFINITY]));
  const events: { at: number; run: (now: number) => void }[] = [];
  const plan = (when: number, run: (now: number) => void): void => void events.push({ at: when, run });
  const soon = (name: string, now: number): void => {
    const due = Math.max(now, (sent.get(name) ?? 0) + 1000);
    if ((next.get(name) ?? 0) > due && next.get(name) !== Number.POSITIVE_INFINITY) {
      next.set(name, due);
      plan(due, when => ask(name, when, due));
    }
  };
  const ask = (name: string, now: number, due: number): void => {
    if (next.get(name) !== due) return;
    next.set(name, Number.POSITIVE_INFINITY);
    sent.set(name, now);
    const latencyMs = now >= from && now < to ? 1000 + extraMs : 5;
    for (let overdue = 1000; overdue < latencyMs; overdue += 1000) {
      plan(now + overdue, when => {
        node.hear(name, { kind: 'process-silent', reason: '', since: now }, when);
        if (isOpen(name)) for (const other of names) if (other !== name) soon(other, when);
      });
    }
    plan(now + latencyMs, when => {
      const before = node.health.get(name)?.state;
      node.hear(name, { kind: latencyMs > 1000 ? 'late' : 'ready', latencyMs }, when);
      const { good, bad, state } = node.health.get(name) ?? newHealth(0);
      if (state !== before && isOpen(name)) for (const other of names) if (other !== name) soon(other, when);
      const settles = (good > 0 && good < 2 && state !== 'ready') || (bad > 0 && bad < 2);
      const again = when + (settles ? 100 : 10_000);
      next.set(name, again);
      plan(again, at => ask(name, at, again));
    });
  };
  const isOpen = (name: string): boolean => ['ready', 'new'].includes(node.health.get(name)?.state ?? '');
  for (const [name, due] of next) plan(due, when => ask(name, when, due));
  while (events.length > 0) {
    events.sort((a, b) => b.at - a.at);
    const event = events.pop();
    if (event === undefined || event.at > to + 20_000) return;
    event.run(event.at);
  }
}
