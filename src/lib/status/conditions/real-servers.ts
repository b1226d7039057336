// What can be wrong with single real servers. Pure.
import { formatHostPort } from '../../model/address.ts';
import { type Condition, type Finding, look, ofKernel, type Unseen } from '../condition.ts';
import { RESTORE, restoreOrInit, withoutDeadCommand } from '../remedies.ts';
import type { Facts } from '../report.ts';
import { type ServerView, serverViews } from '../servers.ts';
import { NO_VIRTUAL_SERVER } from './kernel.ts';

export const REAL_SERVERS: readonly Condition[] = [
  {
    code: 'real-server-down',
    title: 'every real server answers',
    severity: 'degraded',
    dependsOn: ['all-real-servers-down'],
    visibleAfterS: 0,
    detect: facts =>
      ofHealth(facts, view => (view.health === 'dead' ? describeDead(facts, view) : undefined)),
    remedy: (facts, { about }) =>
      (isNobodysTask(facts, about) && withoutDeadCommand(facts)) || look(`curl -k https://${about}/readyz`),
    headline: (facts, findings) => count(facts, findings, 'down'),
  },
  {
    code: 'real-server-draining',
    title: 'every real server is ready and takes new connections',
    severity: 'degraded',
    dependsOn: ['all-real-servers-down', 'no-real-servers'],
    visibleAfterS: 0,
    detect: facts => ofHealth(facts, view => describeDraining(facts, view)),
    remedy: (facts, { about }) =>
      isSetByHand(facts, about) ? restoreOrInit(facts) : look(`curl -k https://${about}/readyz`),
    headline: (facts, findings) => count(facts, findings, 'draining'),
  },
  {
    code: 'real-server-missing',
    title: 'every real server is in the kernel',
    severity: 'degraded',
    dependsOn: [...NO_VIRTUAL_SERVER, 'no-real-servers'],
    visibleAfterS: 0,
    detect: facts => ofKernel(facts, () => ofServers(facts, view => describeMissing(facts, view))),
    remedy: () => RESTORE,
  },
  {
    code: 'real-server-unexpected',
    title: 'the kernel has no other real server',
    severity: 'degraded',
    dependsOn: [...NO_VIRTUAL_SERVER, 'no-real-servers', 'persisted-missing', 'persisted-corrupt'],
    visibleAfterS: 0,
    detect: facts => ofKernel(facts, () => ofServers(facts, view => describeUnexpected(facts, view))),
    remedy: restoreOrInit,
  },
];

/** The finding about a real server, which is added. */
type Description = Omit<Finding, 'about'>;

export function isDeadInUse({ health, inKernel }: ServerView): boolean {
  return health === 'dead' && inKernel !== undefined && inKernel.weight > 0;
}

function viewOf(facts: Facts, name: string | undefined): ServerView | undefined {
  return serverViews(facts).find(each => formatHostPort(each) === name);
}

/** It answers, is wanted, and neither discovery nor the daemon has a reason for its weight. */
function isSetByHand(facts: Facts, name: string | undefined): boolean {
  const view = viewOf(facts, name);
  const isWell = view?.health === 'ready' && (view.said === undefined || view.said.state === 'ready');
  return isWell && view.wanted && view.inKernel?.weight === 0 && !hasLeft(facts, name);
}

function hasLeft({ events }: Facts, name: string | undefined): boolean {
  return events.findLast(({ object }) => object === `real server ${name}`)?.to === 'left';
}

/** It still gets connections, and no daemon takes it out. */
function isNobodysTask(facts: Facts, name: string | undefined): boolean {
  const { processes, snapshot } = facts.daemon;
  const view = viewOf(facts, name);
  return view !== undefined && isDeadInUse(view) && processes.length === 0 && !snapshot.seen;
}

function describeDead(facts: Facts, view: ServerView): Description {
  const name = `real server ${formatHostPort(view)}`;
  const reason = view.reason === undefined ? '' : ` (${view.reason})`;
  const dead =
    view.probe === undefined
      ? `${name} is dead${reason}, says the daemon`
      : `${name} does not answer${reason}`;
  if (!isDeadInUse(view)) {
    const out = view.said?.state === 'dead' && view.inKernel === undefined ? '; the daemon took it out' : '';
    return { text: `${dead}${out}` };
  }
  const fails = facts.throughVip.seen && facts.throughVip.value.outcome === 'dead';
  return fails
    ? { text: `${dead} and still gets the connections, which fail`, severity: 'down' }
    : { text: `${dead} and still gets connections, which fail` };
}

function describeDraining(
  facts: Facts,
  { inKernel, health, reason, ...server }: ServerView,
): Description | undefined {
  const name = `real server ${formatHostPort(server)}`;
  if (health === 'not-ready') {
    const gets =
      inKernel !== undefined && inKernel.weight > 0
        ? 'and still gets connections'
        : 'and gets no new connections';
    return {
      text: `${name} answers that it is not ready${reason === undefined ? '' : ` (${reason})`} ${gets}`,
    };
  }
  if (health === 'dead' || inKernel?.weight !== 0) return undefined;
  return {
    text: `${name} ${hasLeft(facts, formatHostPort(server)) ? 'left discovery and' : 'has weight 0 in the kernel and'} gets no new connections`,
  };
}

function describeMissing(
  facts: Facts,
  { wanted, inKernel, health, said, probe, ...server }: ServerView,
): Description | undefined {
  if (!wanted || inKernel !== undefined || health === 'dead' || health === 'not-ready') return undefined;
  const name = `real server ${formatHostPort(server)}`;
  const { snapshot } = facts.daemon;
  if (snapshot.seen) {
    // A new one waits for its probes.
    if (said?.state === 'new') return undefined;
    if (said?.state === 'dead' || said?.state === 'draining')
      return {
        text: `${name} answers, but not yet often enough for the daemon to put it back (${said.reason})`,
      };
    return { text: `${name} is not in the kernel, although the daemon finds it ready` };
  }
  const answers = probe === undefined ? '' : ', although it answers';
  return { text: `${name} is in the persisted set but not in the kernel${answers}` };
}

function describeUnexpected(
  { daemon }: Facts,
  { wanted, inKernel, ...server }: ServerView,
): Description | undefined {
  if (wanted || inKernel === undefined) return undefined;
  const nobody = daemon.snapshot.seen ? 'the daemon does not know it' : 'not in the persisted set';
  return { text: `real server ${formatHostPort(server)} is in the kernel but ${nobody}` };
}

/** The same where the health of masters is what counts. */
function ofHealth(
  facts: Facts,
  describe: (view: ServerView) => Description | undefined,
): readonly Finding[] | Unseen {
  const findings = ofServers(facts, describe);
  const views = serverViews(facts);
  const nobodyKnows = views.every(({ health }) => health === 'unknown');
  return findings.length === 0 && nobodyKnows ? unseenHealth(facts) : findings;
}

/** One finding for each real server of which `describe` has something to say. */
function ofServers(
  facts: Facts,
  describe: (view: ServerView) => Description | undefined,
): readonly Finding[] {
  return serverViews(facts).flatMap(view => {
    const description = describe(view);
    return description === undefined
      ? []
      : [{ forS: view.sinceS, ...description, about: formatHostPort(view) }];
  });
}

function count(facts: Facts, findings: readonly Finding[], what: string): string {
  const all = serverViews(facts).length;
  const worst = findings.find(({ severity }) => severity === 'down') ?? (all === 1 ? findings[0] : undefined);
  if (worst !== undefined) return worst.text;
  return `${findings.length} of ${all} real servers ${findings.length === 1 ? 'is' : 'are'} ${what}`;
}

export function unseenHealth(facts: Facts): Unseen {
  if (serverViews(facts).length === 0) return { seen: false, why: 'no real server is known' };
  return { seen: false, why: facts.probes.seen ? 'the masters were not seen' : facts.probes.why };
}
