// What can be wrong with the persisted set: what the next boot begins with. Pure.
import { formatHostPort } from '../../model/address.ts';
import {
  type Condition,
  type Finding,
  findingIf,
  NO_FINDINGS,
  NO_PERSISTED_SET,
  type Unseen,
} from '../condition.ts';
import { initCommand } from '../remedies.ts';
import type { Facts } from '../report.ts';
import { listOf } from '../words.ts';
import { noWord } from './daemon.ts';

export const FILES: readonly Condition[] = [
  {
    code: 'persisted-corrupt',
    title: 'the persisted set can be used',
    severity: 'degraded',
    // Without root the file may only be unreadable.
    dependsOn: ['not-permitted'],
    visibleAfterS: 0,
    detect: ({ persisted }) =>
      persisted.problem === undefined ? NO_FINDINGS : [{ text: persisted.problem }],
    remedy: initCommand,
  },
  {
    code: 'persisted-missing',
    title: 'there is a persisted set',
    severity: 'degraded',
    dependsOn: ['persisted-corrupt', 'not-initialized', 'not-permitted'],
    visibleAfterS: 0,
    detect: ({ persisted }) =>
      findingIf(
        persisted.spec === undefined,
        () => `${persisted.path} is missing, so a reboot of this node restores nothing`,
      ),
    remedy: initCommand,
  },
  {
    code: 'persisted-differs',
    title: 'the persisted set is for this virtual server',
    severity: 'degraded',
    dependsOn: ['persisted-corrupt'],
    visibleAfterS: 0,
    detect: ({ persisted, virtualServer, daemon }) => {
      if (persisted.spec === undefined || virtualServer === undefined) return NO_PERSISTED_SET;
      const kept = daemon.snapshot.seen ? daemon.snapshot.value.virtualServer : formatHostPort(virtualServer);
      const ours = formatHostPort(persisted.spec.virtualServer);
      return findingIf(
        ours !== kept,
        () =>
          `the persisted set is for ${ours}, but the virtual server here is ${kept}: a reboot restores the other one`,
      );
    },
    remedy: initCommand,
  },
  {
    code: 'persisted-stale',
    title: 'the persisted set names the current masters',
    severity: 'degraded',
    dependsOn: ['persisted-corrupt', 'persisted-differs'],
    // The daemon writes a new set as soon as one of it is ready.
    visibleAfterS: 60,
    detect: detectStale,
    remedy: ({ daemon }) => {
      const known = daemon.snapshot.seen ? daemon.snapshot.value.realServers : [];
      const names = known.filter(({ named }) => named).map(({ address }) => `--rs ${address}`);
      return `bcs-apiserver-proxy sync ${names.length === 0 ? '--rs HOST:PORT' : names.join(' ')}`;
    },
  },
];

/**
 * Only the daemon knows better than the file. One that drains may be on its way out, and is no reason; one that left discovery
 * is remembered beside the file, on purpose (docs/decisions/0005-memory-of-masters.md).
 */
function detectStale({ persisted, daemon, events }: Facts): readonly Finding[] | Unseen {
  const { spec } = persisted;
  if (spec === undefined) return NO_PERSISTED_SET;
  if (!daemon.snapshot.seen) return noWord(daemon.snapshot.why);
  const known = daemon.snapshot.value.realServers;
  const names = spec.realServers.map(formatHostPort);
  const lacks = known
    .filter(({ address, state, named }) => named && state !== 'draining' && !names.includes(address))
    .map(({ address }) => address);
  const old = names.filter(name => !known.some(({ address }) => address === name));
  if (lacks.length + old.length === 0) return NO_FINDINGS;
  const parts = [
    ...(lacks.length > 0 ? [`lacks ${listOf(lacks)}`] : []),
    ...(old.length > 0 ? [`names ${listOf(old)}, which the daemon does not know`] : []),
  ];
  const news = events.findLast(
    ({ object, to }) =>
      [...lacks, ...old].some(name => object === `real server ${name}`) &&
      ['named', 'left', 'gone'].includes(to),
  );
  return [{ text: `the persisted set ${parts.join(' and ')}: a reboot begins with it`, forS: news?.ageS }];
}
