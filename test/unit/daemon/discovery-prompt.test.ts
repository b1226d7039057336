// When discovery asks anew: never at the cost of a watch that is open.
import { expect, test } from 'vitest';
import { DiscoveryPrompt } from '../../../src/lib/daemon/discovery-prompt.ts';
import { at } from '../../helpers/evidence.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

test.each([
  ['is open', true, true, 0],
  ['is between two servers', false, true, 0],
  ['may not be', false, false, 1],
])('a master begins to refuse while the watch %s', (_, before, after, asked) => {
  const clock = new VirtualClock();
  const freshness = { lastEventAt: undefined, server: undefined, lastProblem: undefined, connected: before };
  let times = 0;
  const source = { freshness, run: () => Promise.resolve(), reconnect: () => void times++ };
  const { telemetry } = new DiscoveryPrompt(clock, () => source);
  telemetry.changed({ realServer: at('m1'), from: 'ready', to: 'closing', reason: 'econnrefused' });
  freshness.connected = after;
  clock.run(clock.now() + 2000);
  expect(times).toBe(asked);
});
