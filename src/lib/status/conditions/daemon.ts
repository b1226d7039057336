// What can be wrong with the daemon. The virtual server works without it; nobody then takes a dead master out. Pure.
import { formatHostPort } from '../../model/address.ts';
import { type Condition, type Finding, look, NO_FINDINGS, type Remedy, type Unseen } from '../condition.ts';
import type { DaemonFacts, Facts } from '../report.ts';
import { listOf } from '../words.ts';

export const DAEMON: readonly Condition[] = [
  {
    code: 'daemon-not-running',
    title: 'the daemon runs',
    severity: 'degraded',
    dependsOn: ['ipvs-missing', 'not-initialized'],
    visibleAfterS: 0,
    detect: ({ daemon }) => {
      if (daemon.processes.length > 0 || daemon.snapshot.seen || daemon.snapshot.why === 'no-answer')
        return NO_FINDINGS;
      return [
        {
          text: `no daemon runs here${whoseTask(daemon)}, so nothing removes a dead master or repairs the kernel rules`,
        },
      ];
    },
    remedy: ({ daemon, kubelet }) => {
      if (daemon.unit !== undefined) return `systemctl restart ${daemon.unit.name}`;
      if (daemon.pod !== undefined) {
        // A service beside it would be a second daemon.
        const [namespace, name] = daemon.pod.split('/');
        return look(`kubectl -n ${namespace} describe pod ${name}`);
      }
      // Without credentials it would never hear from the API.
      const kubeconfig = kubelet.seen ? ` --kubeconfig ${kubelet.value.kubeconfig}` : '';
      return `bcs-apiserver-proxy install-service --role daemon${kubeconfig}`;
    },
  },
  {
    code: 'daemon-stuck',
    title: 'the daemon checks the kernel every second',
    severity: 'degraded',
    dependsOn: ['ipvs-missing', 'daemon-not-running'],
    // One pass a second; the daemon's own /healthz gives it as long.
    visibleAfterS: 10,
    detect: detectStuck,
    remedy: ({ daemon }) => restart(daemon),
  },
  {
    code: 'daemon-cannot-probe',
    title: 'the daemon can ask the masters how they are',
    severity: 'degraded',
    dependsOn: ['daemon-stuck'],
    visibleAfterS: 0,
    detect: detectLocalFaults,
    // What it was told to show: certificates, a token.
    remedy: ({ daemon: { processes, listen } }) =>
      processes.length === 0 ? askDaemon(listen) : look(`ps -o args= -p ${processes.join(',')}`),
  },
  {
    code: 'daemon-discovery-stale',
    title: 'the daemon hears from the API which masters there are',
    severity: 'degraded',
    dependsOn: ['all-real-servers-down', 'vip-unreachable', 'daemon-stuck'],
    // A quiet watch says something about once a minute; after three silent ones the daemon begins anew.
    visibleAfterS: 180,
    detect: ({ daemon: { snapshot } }) => {
      if (!snapshot.seen) return noWord(snapshot.why);
      const { discovery, passes } = snapshot.value;
      if (discovery.kind === 'static') return NO_FINDINGS;
      const problem = discovery.problem === undefined ? '' : ` (${discovery.problem})`;
      if (discovery.ageMs !== undefined) {
        const text = `the daemon no longer hears from the API which masters there are${problem}`;
        return [{ text, forS: Math.round(discovery.ageMs / 1000) }];
      }
      // There is a pass each second.
      return [
        { text: `the daemon never heard from the API which masters there are${problem}`, forS: passes },
      ];
    },
    remedy: ({ daemon: { listen } }) => askDaemon(listen),
  },
  {
    code: 'two-daemons',
    title: 'one daemon keeps the virtual server',
    severity: 'degraded',
    dependsOn: ['daemon-stuck'],
    // As long as a rolling update takes to end the old one.
    visibleAfterS: 0,
    detect: ({ daemon: { processes, snapshot } }) => {
      const waits = snapshot.seen && snapshot.value.lock?.holder !== undefined;
      if (!waits && processes.length < 2) return NO_FINDINGS;
      const who =
        processes.length < 2
          ? 'another daemon'
          : `${processes.length} daemons (pids ${processes.join(', ')})`;
      const verb = processes.length < 2 ? 'runs' : 'run';
      return [
        { text: `${who} ${verb} here: one keeps the virtual server, and the other waits until it ends` },
      ];
    },
    // Which of them is to stay is for a person to say.
    remedy: () => look('bcs-apiserver-proxy status --wide'),
  },
  {
    code: 'persist-failing',
    title: 'what the daemon keeps is written for the next boot',
    severity: 'degraded',
    dependsOn: [],
    visibleAfterS: 0,
    detect: ({ daemon: { snapshot } }) => {
      if (!snapshot.seen) return noWord(snapshot.why);
      const problem = snapshot.value.persist?.problem;
      if (problem === undefined) return NO_FINDINGS;
      return [
        {
          text: `the daemon cannot write the persisted set, so the next boot starts from an older one (${problem})`,
        },
      ];
    },
    remedy: ({ persisted }) => look(`df -h ${persisted.path.replace(/\/[^/]*$/, '')}`),
  },
];

function whoseTask({ unit, pod }: DaemonFacts): string {
  if (unit !== undefined) return ` (${unit.name} is ${unit.active})`;
  return pod === undefined ? '' : ` (its pod ${pod} does not run)`;
}

function detectStuck({ daemon }: Facts): readonly Finding[] | Unseen {
  const { snapshot, processes } = daemon;
  const who = processes.length === 0 ? 'the daemon' : `the daemon (pid ${processes.join(', ')})`;
  if (!snapshot.seen)
    return snapshot.why === 'no-answer'
      ? [{ text: `${who} accepts connections to its address and does not answer` }]
      : noWord(snapshot.why);
  const { lastPassAgeMs, passes, failedPasses } = snapshot.value;
  if (passes > 0 && passes === failedPasses)
    return [{ text: `every pass of ${who} failed; its log says why`, forS: passes }];
  if (lastPassAgeMs === undefined) return NO_FINDINGS;
  return [
    {
      text: `${who} has stopped making passes; one per second is expected`,
      forS: Math.round(lastPassAgeMs / 1000),
    },
  ];
}

/** A fault of this node says nothing about the masters: they stay as they are, and nobody notices when one of them dies. */
function detectLocalFaults({ daemon: { snapshot } }: Facts): readonly Finding[] | Unseen {
  if (!snapshot.seen) return noWord(snapshot.why);
  const faults = snapshot.value.realServers.filter(({ lastProbe }) => lastProbe?.kind === 'local-fault');
  if (faults.length === 0) return NO_FINDINGS;
  const reasons = [...new Set(faults.map(({ lastProbe }) => lastProbe?.reason ?? 'its log says why'))];
  const masters = listOf(faults.map(({ address }) => address));
  return [
    {
      text: `the daemon cannot ask ${masters} for a reason of this node (${reasons.toSorted().join('; ')}), so it would not notice that a master died`,
    },
  ];
}

function askDaemon(listen: DaemonFacts['listen']): Remedy {
  return look(`curl -s http://${listen === undefined ? '127.0.0.1:8004' : formatHostPort(listen)}/status`);
}

/** Killing it changes nothing in the kernel; whoever started it starts it again. */
function restart({ unit, processes }: DaemonFacts): string {
  if (unit?.active === 'active') return `systemctl restart ${unit.name}`;
  return `kill -KILL ${processes.length === 0 ? 'PID' : processes.join(' ')}`;
}

const WHY_NO_WORD = {
  'not-listening': 'no daemon can be asked',
  'no-answer': 'the daemon does not answer',
  foreign: "another program answers at the daemon's address",
};

export function noWord(why: keyof typeof WHY_NO_WORD): Unseen {
  return { seen: false, why: WHY_NO_WORD[why] };
}
