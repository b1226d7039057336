// Evidence in, states out.
import { describe, expect, test } from 'vitest';
import type { Evidence } from '../../../src/lib/health/evidence.ts';
import {
  awaited,
  forgive,
  type Health,
  type HealthState,
  heard,
  newHealth,
  score,
} from '../../../src/lib/health/scoreboard.ts';
import { healthAfter } from '../../helpers/evidence.ts';

// + in time, l late, n not ready, r refused, h host silent, p process silent, c closed, f a fault of ours
describe('rise 2, fall 2', () => {
  test.each<[history: string, final: HealthState, why: string]>([
    ['+', 'new', 'one good answer proves nothing yet'],
    ['++', 'ready', 'two in a row do'],
    ['+l+', 'new', 'a late one in between starts the count anew'],
    ['++l', 'ready', 'one late answer changes nothing'],
    ['++l+l+l+', 'ready', 'nor do several that are not in a row'],
    ['++ll', 'slow', 'two late ones in a row: overloaded, and alive'],
    ['++lll++', 'ready', 'and back after two in time'],
    ['++r', 'closing', 'refused: nobody new, and whom it has it may serve'],
    ['++r++', 'ready', 'it comes back like a new one'],
    ['r', 'closing', 'a new one can be refused, too'],
    ['++n', 'ready', 'one 500 changes nothing'],
    ['++nn', 'draining', 'two in a row: alive, but not to be used'],
    ['++ln', 'draining', 'two of different kinds: the last says which'],
    ['++nl', 'slow', 'either way round'],
    ['++nn+', 'draining', 'one good answer is not two'],
    ['++cc', 'draining', 'two connections that end before an answer'],
    ['++hhhh', 'ready', 'silence of a host alone: who is dead is decided with witnesses'],
    ['++pppp', 'ready', 'silence of a process alone, too'],
    ['++ffff', 'ready', 'a fault of ours is never the master’s'],
    ['ffff', 'new', 'nor is one before anything is known'],
    ['++rl', 'slow', 'one that refused answers late: it lives'],
    ['++rnn', 'draining', 'one that is starting says 500'],
  ])('%s: %s (%s)', (history, final) => {
    expect(healthAfter(history).state).toBe(final);
  });
});

test('a state begins when it changes, not with every probe', () => {
  expect(healthAfter('++++')).toMatchObject({ state: 'ready', since: 2000 });
});

test('rise 1 and fall 1 decide with each answer', () => {
  const once = { rise: 1, fall: 1 };
  expect(healthAfter('+', 1000, once).state).toBe('ready');
  expect(healthAfter('+l', 2000, once).state).toBe('slow');
});

describe('silence', () => {
  test('of a host is confirmed by a second try, and began with the first', () => {
    expect(healthAfter('++h').silence).toEqual({ kind: 'host', since: 2000, confirmed: false });
    expect(healthAfter('++hh').silence).toEqual({ kind: 'host', since: 2000, confirmed: true });
  });

  test.each(['+', 'l', 'n', 'r', 'c'])('of either kind ends with %s', letter => {
    for (const silent of ['hh', 'pp']) expect(healthAfter(`++${silent}${letter}`).silence).toBeUndefined();
  });

  test('does not begin before the last sign of life', () => {
    const health = score(healthAfter('++'), { kind: 'process-silent', reason: '', since: 500 }, TWICE, 3000);
    expect(health.silence?.since).toBe(2000);
  });

  test('ends with bytes of other traffic that came after it began, and not with older ones', () => {
    const health = healthAfter('++pp');
    expect(heard(health, 1000).silence).toEqual(health.silence);
    expect(heard(health, 3500)).toMatchObject({ silence: undefined, heardAt: 3500 });
  });
});

describe('silence begins with the data of a client that nobody answered', () => {
  const silent = (health: Health, since: number) =>
    score(health, { kind: 'process-silent', reason: 'no answer', since }, { rise: 2, fall: 2 }, since + 1000)
      .silence;
  const ready = { ...healthAfter('++'), heardAt: 1000 };

  test('and not with the probe that this caused', () => {
    expect(silent(awaited(ready, 9400), 10_000)?.since).toBe(9400);
  });

  test('of several, with the first', () => {
    expect(silent(awaited(awaited(ready, 9400), 9600), 10_000)?.since).toBe(9400);
  });

  test('never before the last sign of life', () => {
    expect(silent(heard(awaited(ready, 9400), 9500), 10_000)?.since).toBe(10_000);
    expect(silent(awaited({ ...ready, heardAt: 9500 }, 9400), 10_000)?.since).toBe(10_000);
  });

  test('and no more than 1.5 s before the probe: an answer may rightly take long', () => {
    expect(silent(awaited(ready, 2000), 10_000)?.since).toBe(8500);
  });

  test('that of a host with the probe: who was heard before it is no witness', () => {
    const gone: Evidence = { kind: 'host-silent', reason: 'etimedout', since: 10_000 };
    expect(score(awaited(ready, 9400), gone, TWICE, 11_000).silence?.since).toBe(10_000);
  });

  test('what was awaited before the last sign of life makes way for what is awaited now', () => {
    expect(silent(awaited(heard(awaited(ready, 2000), 3000), 9400), 10_000)?.since).toBe(9400);
  });
});

describe('a question without an answer beside other bytes', () => {
  const asked: Evidence = { kind: 'process-silent', reason: 'no answer', since: 2500 };
  const healthAt = (...times: number[]) =>
    times.reduce((one, now) => score(heard(one, now - 100), asked, TWICE, now), healthAfter('++'));

  test('is late after 4 s: slow, and never silent for longer than since those bytes', () => {
    expect(healthAt(6500, 7500)).toMatchObject({
      state: 'slow',
      lateSentAt: 2500,
      silence: { kind: 'process', since: 7400 },
    });
  });

  test('counts once where its answer comes after 3 s', () => {
    const answered = score(healthAt(3500, 4500), { kind: 'late', latencyMs: 3000 }, TWICE, 5500);
    expect(answered).toMatchObject({ state: 'ready', bad: 1, silence: undefined });
  });

  test('is no such where no bytes came', () => {
    const silent = [6500, 7500].reduce((one, now) => score(one, asked, TWICE, now), healthAfter('++'));
    expect(silent).toMatchObject({ state: 'ready', silence: { since: 2500 } });
  });
});

test('forgiven: what happened before no longer counts, and silence begins anew', () => {
  expect(forgive(healthAfter('++r'), 9000)).toEqual(newHealth(9000));
  const silent = forgive(healthAfter('++hh'), 9000);
  expect(silent).toMatchObject({ state: 'ready', silence: undefined });
  const silence = (...since: number[]) =>
    since.reduce((one, at) => score(one, { kind: 'host-silent', reason: '', since: at }, TWICE, 9500), silent)
      .silence;
  expect(silence(9000)).toEqual({ kind: 'host', since: 9000, confirmed: false });
  expect(silence(8999), 'what was sent before is lost, whoever is back').toBe(undefined);
  expect(silence(8999, 9100)).toEqual({ kind: 'host', since: 9100, confirmed: false });
  expect(silence(9100, 9700)).toEqual({ kind: 'host', since: 9100, confirmed: true });
  const late: Evidence = { kind: 'late', latencyMs: 1100 };
  expect(score(silent, late, TWICE, 10_100), 'one late answer is not two').toMatchObject({ state: 'ready' });
});

const TWICE = { rise: 2, fall: 2 };
