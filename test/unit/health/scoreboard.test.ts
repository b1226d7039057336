// Probe outcomes in, states out.
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/lib/health/outcome.ts';
import { type Health, type HealthState, newHealth, score } from '../../../src/lib/health/scoreboard.ts';

const OUTCOMES: Record<string, Outcome> = {
  '+': { kind: 'ready', latencyMs: 1 },
  n: { kind: 'not-ready', reason: 'http-500', latencyMs: 1 },
  t: { kind: 'dead', reason: 'etimedout', hard: false },
  r: { kind: 'dead', reason: 'econnrefused', hard: true },
};

/** The states after each outcome of a history such as "++tn", with rise 2 and fall 2. */
function states(history: string): HealthState[] {
  let health: Health = newHealth(0);
  return [...history].map((symbol, index) => {
    const outcome = OUTCOMES[symbol];
    if (outcome === undefined) throw new Error(`no outcome is written ${symbol}`);
    health = score(health, outcome, { rise: 2, fall: 2 }, index + 1);
    return health.state;
  });
}

// + good, n answered but not ready, t timed out, r refused
describe('rise 2, fall 2', () => {
  test.each<[history: string, final: HealthState, why: string]>([
    ['+', 'new', 'one good probe proves nothing yet'],
    ['++', 'ready', 'two in a row do'],
    ['+t+', 'new', 'a bad one in between starts the count anew'],
    ['++t', 'ready', 'one lost probe changes nothing'],
    ['++t+t+t+', 'ready', 'nor do several that are not in a row'],
    ['++tt', 'dead', 'two lost in a row mean that it is dead'],
    ['++r', 'dead', 'refused: nobody listens, so one is enough'],
    ['++n', 'ready', 'one 500 changes nothing'],
    ['++nn', 'draining', 'two in a row: alive, but not to be used'],
    ['++tn', 'draining', 'two bad ones of different kinds: it answered, so it is alive'],
    ['++nt', 'draining', 'whichever came first'],
    ['++nntt', 'dead', 'a draining one dies like any other'],
    ['++nnt', 'draining', 'but not of one lost probe'],
    ['++nn+', 'draining', 'it comes back after rise good probes'],
    ['++nn++', 'ready', 'and not before'],
    ['r', 'dead', 'a new one can be dead at once'],
    ['tt', 'dead', 'or after two lost probes'],
    ['r+', 'dead', 'a dead one needs rise good probes'],
    ['r++', 'ready', 'to serve again'],
    ['rn', 'dead', 'one that is starting says 500'],
    ['rnn', 'draining', 'and is alive when it keeps saying so'],
  ])('%s: %s (%s)', (history, final) => {
    expect(states(history).at(-1)).toBe(final);
  });
});

test('a state begins when it changes, not with every probe', () => {
  let health = newHealth(0);
  for (const now of [10, 20, 30])
    health = score(health, { kind: 'ready', latencyMs: 1 }, { rise: 2, fall: 2 }, now);
  expect(health).toMatchObject({ state: 'ready', since: 20 });
});

test('rise 1 and fall 1 decide with each probe', () => {
  const once = { rise: 1, fall: 1 };
  const good = score(newHealth(0), { kind: 'ready', latencyMs: 1 }, once, 1);
  expect(good.state).toBe('ready');
  expect(score(good, { kind: 'dead', reason: 'etimedout', hard: false }, once, 2).state).toBe('dead');
});
