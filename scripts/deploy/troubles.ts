// What can go wrong on a node, how Prometheus sees it, and what to say of one node and of many. Pure.
import { PREFIX as P } from '../../src/lib/http/series.ts';
import { NAME } from '../../src/lib/manifests/options.ts';

export interface Text {
  readonly summary: string;
  readonly description: string;
}

export type Severity = 'critical' | 'warning';

export interface Trouble {
  readonly name: string;
  /** One series for each node that has it. */
  readonly nodes: string;
  /** One for each node that could have it; those with a daemon. */
  readonly of?: string;
  readonly for?: string;
  /** When many nodes have it; a single one is a warning. */
  readonly severity: Severity;
  /** Its section in docs/troubleshooting.md. */
  readonly code: string;
  readonly node: Text;
  readonly fleet: Text;
}

/** The job as which the daemons are scraped. */
export const JOB = `{job="${NAME}"}`;
export const NODE = '{{ $labels.instance }}';
export const MASTER = '{{ $labels.real_server }}';
export const SHARE = '{{ $value | humanizePercentage }}';

export const TROUBLES: readonly Trouble[] = [
  {
    name: 'ApiserverProxyDown',
    nodes: `up${JOB} == 0`,
    of: `up${JOB}`,
    for: '5m',
    severity: 'critical',
    code: 'daemon-not-running',
    node: {
      summary: `The daemon on ${NODE} cannot be scraped`,
      description:
        'The rules in the kernel keep working, but a master that dies now is not taken out. Run bcs-apiserver-proxy status on the node.',
    },
    fleet: {
      summary: `The daemons on ${SHARE} of the nodes cannot be scraped`,
      description:
        'Their rules in the kernel keep working, but a master that dies now is not taken out there. Check for a rollout that went wrong, then the network between Prometheus and the nodes.',
    },
  },
  {
    name: 'ApiserverProxyHeld',
    nodes: `${P}held == 1`,
    for: '1m',
    severity: 'critical',
    code: 'all-real-servers-down',
    node: {
      summary: `${NODE} cannot reach any master`,
      description:
        'Most other nodes can, so look at the network of this one. All masters stay in its rules, and the first one that answers is used at once.',
    },
    fleet: {
      summary: `${SHARE} of the nodes cannot reach any master`,
      description:
        'If it is nearly all of them, the control plane is down; if not, a part of the network is. All masters stay in the rules, and the first one that answers is used at once.',
    },
  },
  {
    name: 'ApiserverProxyVirtualServerMissing',
    nodes: `${P}build_info unless on (instance) ${P}weight`,
    for: '2m',
    severity: 'critical',
    code: 'virtual-server-missing',
    node: {
      summary: `The kernel of ${NODE} has no real server behind the VIP`,
      description:
        'The daemon runs and cannot add any, so the node does not reach the API. Run bcs-apiserver-proxy status on the node.',
    },
    fleet: {
      summary: `${SHARE} of the nodes have no real server behind the VIP`,
      description:
        'Their daemons run and cannot add any, so these nodes do not reach the API. Run bcs-apiserver-proxy status on one of them.',
    },
  },
  {
    name: 'ApiserverProxyPassesFail',
    nodes: `rate(${P}reconcile_failures_total[5m]) > 0.1`,
    for: '5m',
    severity: 'critical',
    code: 'daemon-stuck',
    node: {
      summary: `The daemon on ${NODE} cannot change the kernel's rules`,
      description: "A master that dies now may not be taken out. The daemon's log names the step that fails.",
    },
    fleet: {
      summary: `The daemons on ${SHARE} of the nodes cannot change the kernel's rules`,
      description:
        "A master that dies now may not be taken out there. The daemon's log on any of these nodes names the step that fails.",
    },
  },
  {
    name: 'ApiserverProxyStuck',
    nodes: `rate(${P}reconcile_duration_seconds_count[5m]) < 0.2`,
    for: '5m',
    severity: 'critical',
    code: 'daemon-stuck',
    node: {
      summary: `The daemon on ${NODE} has stopped looking at the kernel`,
      description:
        'It should do so every second. Its liveness probe should have restarted it; check how busy the node is.',
    },
    fleet: {
      summary: `The daemons on ${SHARE} of the nodes have stopped looking at the kernel`,
      description:
        'They should do so every second, and their liveness probes should have restarted them. Check what these nodes have in common.',
    },
  },
  {
    name: 'ApiserverProxyRepairs',
    nodes: `sum by (instance) (increase(${P}virtual_server_repairs_total[15m])) > 5`,
    severity: 'warning',
    code: 'kube-proxy-will-delete',
    node: {
      summary: `Something on ${NODE} keeps changing the virtual server`,
      description:
        'Each change is undone within about a second. Usually it is kube-proxy without excludeCIDRs, or the original program.',
    },
    fleet: {
      summary: `Something on ${SHARE} of the nodes keeps changing the virtual server`,
      description:
        'Each change is undone within about a second. Usually it is kube-proxy without excludeCIDRs, or the original program.',
    },
  },
  {
    name: 'ApiserverProxyDiscoveryStale',
    nodes: `time() - ${P}discovery_last_contact_timestamp_seconds > 600`,
    for: '5m',
    severity: 'warning',
    code: 'daemon-discovery-stale',
    node: {
      summary: `The daemon on ${NODE} has not heard from the API for {{ $value | humanizeDuration }}`,
      description:
        "It would not notice a new master. Failover between the known ones works. The daemon's log says what the API answers.",
    },
    fleet: {
      summary: `The daemons on ${SHARE} of the nodes have not heard from the API for over ten minutes`,
      description:
        "They would not notice a new master. Failover between the known ones works. The daemon's log says what the API answers.",
    },
  },
  {
    name: 'ApiserverProxyRestarts',
    nodes: `changes(process_start_time_seconds${JOB}[30m]) > 3`,
    severity: 'warning',
    code: 'daemon-not-running',
    node: {
      summary: `The daemon on ${NODE} keeps restarting`,
      description:
        "The previous container's log and exit reason say why. OOMKilled means that the memory limit is too low.",
    },
    fleet: {
      summary: `The daemons on ${SHARE} of the nodes keep restarting`,
      description:
        "The previous container's log and exit reason say why. OOMKilled means that the memory limit is too low.",
    },
  },
];
