// What is worth knowing about the masters and the way to them, although connections work. Pure.
import { formatHostPort } from '../../model/address.ts';
import {
  type Condition,
  type Finding,
  findingIf,
  look,
  NO_FINDINGS,
  ofKernel,
  type Unseen,
} from '../condition.ts';
import { initCommand } from '../remedies.ts';
import { type Facts, LONG_ROUND_TRIP_MS } from '../report.ts';
import { serverViews } from '../servers.ts';
import { listOf } from '../words.ts';
import { NO_VIRTUAL_SERVER } from './kernel.ts';
import { askDirectly } from './masters.ts';

export const MASTER_NOTICES: readonly Condition[] = [
  {
    code: 'probe-unauthorized',
    title: 'health requests without credentials are answered',
    severity: 'notice',
    dependsOn: [],
    visibleAfterS: 0,
    detect: facts => {
      if (!facts.probes.seen) return facts.probes;
      const names = facts.probes.value
        .filter(({ outcome }) => outcome === 'unauthorized')
        .map(formatHostPort);
      const [refuse, they] = names.length === 1 ? ['refuses', 'it is'] : ['refuse', 'they are'];
      return findingIf(
        names.length > 0,
        () =>
          `${listOf(names)} ${refuse} health requests without credentials, so it is known whether ${they} alive, not whether ${they} ready`,
      );
    },
    remedy: facts => askDirectly(serverViews(facts).find(({ health }) => health === 'unauthorized')),
  },
  {
    code: 'long-round-trips',
    title: 'round trips to the masters are short',
    severity: 'notice',
    dependsOn: [],
    visibleAfterS: 0,
    detect: detectLongWay,
    remedy: facts => look(`ping -c 3 ${serverViews(facts)[0]?.address ?? 'HOST'}`),
  },
  {
    code: 'cpu-starved',
    title: 'this program got enough CPU while it probed the masters',
    severity: 'notice',
    dependsOn: [],
    visibleAfterS: 0,
    detect: detectStarved,
    remedy: () => look('cat /proc/pressure/cpu'),
  },
  {
    code: 'sh-imbalance',
    title: 'no single real server carries all of many connections',
    severity: 'notice',
    dependsOn: NO_VIRTUAL_SERVER,
    visibleAfterS: 0,
    detect: detectImbalance,
    remedy: facts => `${initCommand(facts)} --scheduler-flags sh-port`,
  },
];

/** A third of the time that masters have. */
const STARVED_MS = 500;
const LATE_MS = 1000;

/** An answer that came late, or not at all, may have waited for us. */
function detectStarved({ probes, lateMs }: Facts): readonly Finding[] | Unseen {
  if (!probes.seen) return probes;
  const isLate = probes.value.some(
    ({ reason, latencyMs = 0 }) => reason === 'etimedout' || latencyMs >= LATE_MS,
  );
  return findingIf(
    isLate && lateMs >= STARVED_MS,
    () =>
      `this node is short of CPU: status itself had to wait for ${(lateMs / 1000).toFixed(1)} s, so a master that answered late or not at all may be well`,
  );
}

/** A new connection of the daemon takes three round trips, and is late after a second. */
function detectLongWay({ probes }: Facts): readonly Finding[] | Unseen {
  if (!probes.seen) return probes;
  const times = probes.value.flatMap(({ roundTripMs }) => roundTripMs ?? []);
  const shortest = times.length === 0 ? 0 : Math.min(...times);
  const about = Math.round(shortest / 100) * 100; // the same a second later
  return findingIf(
    shortest > LONG_ROUND_TRIP_MS,
    () =>
      `a round trip to the masters takes about ${about} ms, so that new connections of the daemon are late with its time limit of 1 s: give it --probe-timeout 5s`,
  );
}

/** From so many connections on it is worth spreading them: a node without guests of its own has a handful. */
const MANY_CONNECTIONS = 50;

/** `sh` looks at the source address only: one node, one master, by design. It matters where a node has many connections. */
function detectImbalance(facts: Facts): readonly Finding[] | Unseen {
  return ofKernel(facts, ({ scheduler, flags, realServers }) => {
    const [only, ...others] = realServers.filter(({ activeConnections }) => activeConnections > 0);
    const choices = realServers.filter(({ weight }) => weight > 0).length;
    if (scheduler !== 'sh' || flags.includes('sh-port') || choices < 2) return NO_FINDINGS;
    if (only === undefined || others.length > 0) return NO_FINDINGS;
    return findingIf(
      only.activeConnections >= MANY_CONNECTIONS,
      () =>
        `scheduler sh gives all connections of this node to ${formatHostPort(only)}, now ${MANY_CONNECTIONS} or more; flag sh-port would spread them`,
    );
  });
}
