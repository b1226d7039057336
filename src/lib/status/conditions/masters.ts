// What can be wrong with the masters as a whole, and with the way to them. Pure.
import { equalHostPort, formatHostPort } from '../../model/address.ts';
import {
  type Condition,
  type Finding,
  findingIf,
  look,
  NO_FINDINGS,
  NO_VIP,
  type Remedy,
  type Unseen,
} from '../condition.ts';
import { restoreOrInit } from '../remedies.ts';
import type { Facts } from '../report.ts';
import { type ServerView, serverViews } from '../servers.ts';
import { listOf } from '../words.ts';
import { NO_VIRTUAL_SERVER } from './kernel.ts';
import { isDeadInUse, unseenHealth } from './real-servers.ts';

export const MASTERS: readonly Condition[] = [
  {
    code: 'all-real-servers-down',
    title: 'a real server answers',
    severity: 'down',
    dependsOn: ['not-initialized'],
    visibleAfterS: 0,
    detect: detectAllDown,
    remedy: facts => askDirectly(serverViews(facts)[0]),
  },
  {
    code: 'mtu-too-large',
    title: 'packets of full size arrive through the VIP',
    severity: 'down',
    dependsOn: [...NO_VIRTUAL_SERVER, 'all-real-servers-down', 'route-missing'],
    visibleAfterS: 0,
    detect: detectLostSegments,
    remedy: restoreOrInit,
  },
  {
    code: 'vip-unreachable',
    title: 'the VIP answers',
    severity: 'down',
    // What explains it. A firewall is the guess only when nothing else does.
    dependsOn: [
      ...NO_VIRTUAL_SERVER,
      'no-real-servers',
      'all-real-servers-down',
      'route-missing',
      'source-address-is-vip',
      'local-table-not-first',
      'route-source-gone',
      'source-unreachable',
      'vip-conflict',
      'conntrack-off',
      'conntrack-full',
      'mtu-too-large',
    ],
    visibleAfterS: 0,
    detect: detectUnreachable,
    remedy: () => look('nft list ruleset'),
  },
  {
    code: 'real-server-left-discovery',
    title: 'no master left discovery while it was dead',
    severity: 'degraded',
    dependsOn: [],
    visibleAfterS: 0,
    detect: ({ missing }) =>
      missing.map(({ ageS, ...master }) => ({
        text: `master ${formatHostPort(master)} left discovery while it was dead; it is used again once discovery names it, or if no other master answers`,
        about: formatHostPort(master),
        forS: ageS,
      })),
    // It comes back by itself: what is left to say is that it will not.
    remedy: (_, { about }) => `bcs-apiserver-proxy sync --forget ${about}`,
    headline: (_, findings) =>
      `${listOf(findings.map(({ about }) => `master ${about}`))} left discovery while dead`,
  },
];

function detectAllDown(facts: Facts): readonly Finding[] | Unseen {
  const views = serverViews(facts);
  const held = heldByDaemon(facts);
  if (held === undefined && views.every(({ health }) => health === 'unknown')) return unseenHealth(facts);
  // What was probed is true now; that the daemon holds is the next best word.
  const isDown = views.every(({ health }) => health === 'dead') || (held !== undefined && !facts.probes.seen);
  if (!isDown) return NO_FINDINGS;
  const reasons = [...new Set(views.map(({ reason }) => reason).filter(reason => reason !== undefined))];
  const why = reasons.length === 0 ? '' : ` (${reasons.toSorted().join(', ')})`;
  const who =
    views.length === 1
      ? 'the only real server does not answer'
      : `none of the ${views.length} real servers answers`;
  const isKept = views.some(({ inKernel }) => inKernel !== undefined);
  // Without a daemon nobody takes the dead ones out beside the first that works.
  const isWatched = facts.daemon.processes.length > 0 || facts.daemon.snapshot.seen;
  const works = isWatched ? ', and this node recovers by itself as soon as one answers' : '';
  const stay = isKept ? `; the kernel keeps them${works}` : '';
  return [{ text: `${who}${why}${stay}`, forS: held?.forS }];
}

/** The daemon holds the last known good set, because everything looks dead to it. */
function heldByDaemon({ daemon, events }: Facts): { readonly forS: number | undefined } | undefined {
  const last = events.findLast(({ object }) => object === 'virtual server');
  const since = last?.to === 'held' ? last.ageS : undefined;
  const held = daemon.snapshot.seen ? daemon.snapshot.value.held : since !== undefined;
  return held ? { forS: since } : undefined;
}

function detectUnreachable(facts: Facts): readonly Finding[] | Unseen {
  const { throughVip, virtualServer } = facts;
  if (!throughVip.seen) return throughVip;
  if (virtualServer === undefined) return NO_VIP;
  if (throughVip.value.outcome !== 'dead') return NO_FINDINGS;
  const views = serverViews(facts);
  // A dead real server that still gets connections is the reason, and says so itself.
  if (views.some(isDeadInUse)) return NO_FINDINGS;
  const answering = views.filter(({ probe }) => probe !== undefined && probe.outcome !== 'dead').length;
  const although =
    answering === 0
      ? ''
      : `, although ${answering} real ${answering === 1 ? 'server answers' : 'servers answer'} directly`;
  return [
    {
      text: `nothing answers through ${formatHostPort(virtualServer)} (${throughVip.value.reason ?? 'no answer'})${although}`,
    },
  ];
}

/** A SYN is small. What follows is not: a certificate takes 1 to 3 KB, a list megabytes. */
function detectLostSegments(facts: Facts): readonly Finding[] | Unseen {
  const { throughVip, virtualServer } = facts;
  if (!throughVip.seen) return throughVip;
  if (virtualServer === undefined) return NO_VIP;
  const { outcome, reached, reason, realServer, largeArrives } = throughVip.value;
  const vip = formatHostPort(virtualServer);
  if (outcome !== 'dead') {
    return findingIf(
      largeArrives === false,
      () => `small answers arrive through ${vip} and large ones do not: ${TOO_LARGE}`,
    );
  }
  const asked = serverViews(facts).filter(
    view => view.probe !== undefined && (realServer === undefined || equalHostPort(view, realServer)),
  );
  const answerDirectly = asked.length > 0 && asked.every(({ probe }) => probe?.outcome !== 'dead');
  return findingIf(
    reached === 'tcp' && reason === 'etimedout' && answerDirectly,
    () =>
      `connections to ${vip} are made, and no TLS handshake gets through, although the masters answer directly: ${TOO_LARGE}`,
  );
}

const TOO_LARGE = 'packets of full size are lost on their way here';

export function askDirectly(view: ServerView | undefined): Remedy {
  return look(`curl -k https://${view === undefined ? 'HOST:PORT' : formatHostPort(view)}/readyz`);
}
