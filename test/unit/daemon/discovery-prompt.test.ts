// When discovery asks anew: never at the cost of a watch that is open.
import { expect, test } from 'vitest';
import { DiscoveryPrompt } from '../../../src/lib/daemon/discovery-prompt.ts';
import type { HealthState } from '../../../src/lib/health/scoreboard.ts';
import { at } from '../../helpers/evidence.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

function scene(connected: boolean, server?: string) {
  const clock = new VirtualClock();
  const freshness = { lastEventAt: undefined, server, lastProblem: undefined, connected };
  const asked: number[] = [];
  const source = { freshness, run: () => Promise.resolve(), reconnect: () => void asked.push(clock.now()) };
  const prompt = new DiscoveryPrompt(clock, () => source);
  const becomes = (to: HealthState): void =>
    prompt.telemetry.changed({ realServer: at('m1'), from: 'ready', to, reason: 'econnrefused' });
  return { clock, freshness, asked, prompt, becomes };
}

test.each([
  ['is open', true, true, []],
  ['is between two servers', false, true, []],
  ['may not be: at once, and when others have withdrawn it', false, false, [1000, 11_000]],
])('a master begins to refuse while the watch %s', (_, before, after, expected) => {
  const { clock, freshness, asked, becomes } = scene(before);
  becomes('closing');
  freshness.connected = after;
  clock.run(60_000);
  expect(asked).toEqual(expected);
});

test('one that closes does not put off what is asked about another; none of it outlives its end', () => {
  const { clock, asked, prompt, becomes } = scene(false);
  becomes('closing');
  clock.run(8000);
  becomes('closing');
  clock.run(12_000);
  prompt.stop();
  clock.run(60_000);
  expect(asked).toEqual([1000, 9000, 11_000]);
});

test.each([
  ['10.0.0.1:6443', 1],
  ['https://10.0.0.1:6443/base', 1],
  ['https://10.0.0.1:64430', 0],
  ['https://110.0.0.1:6443', 0],
  [undefined, 0],
])('a master is dead, and discovery hangs on %s', (server, times) => {
  const { asked, becomes } = scene(true, server);
  becomes('dead');
  expect(asked).toHaveLength(times);
});
