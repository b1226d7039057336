// Everything that can be wrong, declared once, as data. A condition that depends on another is not shown while that one
// holds: only root causes are. Each has its section in docs/troubleshooting.md under its code.
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import { formatAge } from './age.ts';
import type { EventFacts, Facts } from './report.ts';

/** unknown = it cannot be told whether the node works. */
export type Severity = 'down' | 'unknown' | 'degraded';

export interface Condition {
  /** lower-kebab-case; also the anchor in docs/troubleshooting.md. */
  readonly code: string;
  readonly severity: Severity;
  readonly dependsOn: readonly string[];
  /** One sentence for each thing that is wrong; empty = all is well. */
  readonly detect: (facts: Facts) => readonly string[];
  /** What to type. */
  readonly remedy: (facts: Facts) => string;
}

export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly text: string;
  readonly remedy: string;
}

const RESTORE = 'bcs-apiserver-proxy sync --from persisted';
const INIT = 'bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT --rs HOST:PORT';

export const CONDITIONS: readonly Condition[] = [
  {
    code: 'not-permitted',
    severity: 'unknown',
    dependsOn: [],
    detect: ({ kernel }) =>
      !kernel.seen && kernel.why === 'not-permitted' ? ['reading IPVS needs root'] : [],
    remedy: () => 'sudo bcs-apiserver-proxy status',
  },
  {
    code: 'ipvs-missing',
    severity: 'down',
    dependsOn: [],
    detect: ({ kernel }) =>
      !kernel.seen && kernel.why === 'no-ipvs' ? ['this kernel has no IPVS: module ip_vs is not loaded'] : [],
    remedy: () => 'modprobe ip_vs',
  },
  {
    code: 'not-initialized',
    severity: 'down',
    dependsOn: ['not-permitted', 'ipvs-missing', 'persisted-corrupt'],
    detect: ({ virtualServer }) =>
      virtualServer === undefined ? ['no virtual server was ever set up on this node'] : [],
    remedy: () => INIT,
  },
  {
    code: 'virtual-server-missing',
    severity: 'down',
    dependsOn: ['not-permitted', 'ipvs-missing', 'not-initialized'],
    detect: ({ kernel, virtualServer }) =>
      kernel.seen && kernel.value === undefined && virtualServer !== undefined
        ? [`virtual server ${formatHostPort(virtualServer)} is not in the kernel`]
        : [],
    remedy: restoreOrInit,
  },
  {
    code: 'no-real-servers',
    severity: 'down',
    dependsOn: ['virtual-server-missing'],
    detect: ({ kernel }) => {
      if (!kernel.seen || kernel.value === undefined) return [];
      if (kernel.value.realServers.length === 0) return ['the virtual server has no real servers'];
      const serving = kernel.value.realServers.some(({ weight }) => weight > 0);
      return serving ? [] : ['no real server has a weight above 0, so none takes new connections'];
    },
    remedy: restoreOrInit,
  },
  {
    code: 'route-missing',
    severity: 'down',
    dependsOn: ['ipvs-missing', 'not-initialized', 'virtual-server-missing'],
    detect: ({ route, virtualServer, persisted }) =>
      route === undefined && virtualServer !== undefined && persisted.spec?.route !== false
        ? [
            `the local route of ${virtualServer.address} is missing, so connections to it leave the host or time out`,
          ]
        : [],
    remedy: restoreOrInit,
  },
  {
    code: 'route-source-gone',
    severity: 'down',
    dependsOn: ['route-missing'],
    detect: ({ route }) =>
      route !== undefined && !route.sourceIsOurs
        ? [
            route.source === undefined
              ? 'the local route has no source, so connections come from the VIP itself and no reply arrives'
              : `the local route's source ${route.source} is not an address of this host, so no reply arrives`,
          ]
        : [],
    remedy: restoreOrInit,
  },
  {
    code: 'real-server-down',
    severity: 'degraded',
    dependsOn: ['not-permitted', 'ipvs-missing', 'virtual-server-missing', 'no-real-servers'],
    detect: facts =>
      difference(persistedServers(facts), kernelServers(facts)).flatMap(realServer => {
        const last = takenOut(facts, realServer);
        if (last === undefined) return [];
        const since = `${last.to} since ${formatAge(last.ageS)} (${last.why})`;
        return [`real server ${formatHostPort(realServer)} is ${since}, so the daemon took it out`];
      }),
    remedy: facts => {
      const down = persistedServers(facts).find(realServer => takenOut(facts, realServer) !== undefined);
      return `curl -k https://${down === undefined ? 'HOST:PORT' : formatHostPort(down)}/readyz`;
    },
  },
  {
    code: 'real-server-missing',
    severity: 'degraded',
    dependsOn: ['not-permitted', 'ipvs-missing', 'virtual-server-missing', 'no-real-servers'],
    detect: facts =>
      difference(persistedServers(facts), kernelServers(facts))
        .filter(realServer => takenOut(facts, realServer) === undefined)
        .map(
          realServer =>
            `real server ${formatHostPort(realServer)} is in the persisted set but not in the kernel`,
        ),
    remedy: () => RESTORE,
  },
  {
    code: 'real-server-unexpected',
    severity: 'degraded',
    dependsOn: ['virtual-server-missing', 'no-real-servers', 'persisted-missing', 'persisted-corrupt'],
    detect: facts =>
      difference(kernelServers(facts), persistedServers(facts)).map(
        realServer =>
          `real server ${formatHostPort(realServer)} is in the kernel but not in the persisted set`,
      ),
    remedy: () => RESTORE,
  },
  {
    code: 'scheduler-drift',
    severity: 'degraded',
    dependsOn: ['virtual-server-missing'],
    detect: ({ kernel, persisted }) => {
      const wanted = persisted.spec?.scheduler;
      if (!kernel.seen || kernel.value === undefined || wanted === undefined) return [];
      const { scheduler } = kernel.value;
      return scheduler === wanted
        ? []
        : [`the scheduler is ${scheduler} in the kernel, ${wanted} in the persisted set`];
    },
    remedy: () => RESTORE,
  },
  {
    code: 'expire-nodest-off',
    severity: 'degraded',
    dependsOn: ['ipvs-missing', 'not-initialized'],
    detect: sysctlOff(
      'net.ipv4.vs.expire_nodest_conn',
      'connections to a master that is gone hang instead of breaking',
    ),
    remedy: () => 'sysctl -w net.ipv4.vs.expire_nodest_conn=1',
  },
  {
    code: 'conntrack-off',
    severity: 'degraded',
    dependsOn: ['ipvs-missing', 'not-initialized'],
    detect: sysctlOff('net.ipv4.vs.conntrack', 'a stateful host firewall drops the replies of the masters'),
    remedy: () => 'sysctl -w net.ipv4.vs.conntrack=1',
  },
  {
    code: 'persisted-corrupt',
    severity: 'degraded',
    // Without root the file may only be unreadable.
    dependsOn: ['not-permitted'],
    detect: ({ persisted }) => (persisted.problem === undefined ? [] : [persisted.problem]),
    remedy: () => INIT,
  },
  {
    code: 'persisted-missing',
    severity: 'degraded',
    dependsOn: ['persisted-corrupt', 'not-initialized', 'not-permitted'],
    detect: ({ persisted }) =>
      persisted.spec === undefined
        ? [`${persisted.path} is missing, so a reboot of this node restores nothing`]
        : [],
    remedy: () => INIT,
  },
];

/** The problems to show, worst first, in the order of their declaration; those that follow from another are left out. */
export function diagnose(facts: Facts, conditions: readonly Condition[] = CONDITIONS): Problem[] {
  const holding = conditions.filter(condition => condition.detect(facts).length > 0);
  const codes = new Set(holding.map(({ code }) => code));
  const roots = holding.filter(({ dependsOn }) => !dependsOn.some(code => codes.has(code)));
  const order: readonly Severity[] = ['down', 'unknown', 'degraded'];
  return roots
    .toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
    .flatMap(({ code, severity, detect, remedy }) =>
      detect(facts).map(text => ({ code, severity, text, remedy: remedy(facts) })),
    );
}

function sysctlOff(name: string, consequence: string): (facts: Facts) => string[] {
  return ({ sysctls }) => (sysctls.get(name) === '0' ? [`${name} is 0: ${consequence}`] : []);
}

function restoreOrInit({ persisted }: Facts): string {
  return persisted.spec === undefined ? INIT : RESTORE;
}

/** The daemon's reason not to have it in the kernel. */
function takenOut({ events }: Facts, realServer: HostPort): EventFacts | undefined {
  const last = events.findLast(({ object }) => object === `real server ${formatHostPort(realServer)}`);
  return last?.to === 'dead' || last?.to === 'draining' ? last : undefined;
}

function kernelServers({ kernel }: Facts): readonly HostPort[] {
  return kernel.seen ? (kernel.value?.realServers ?? []) : [];
}

function persistedServers({ persisted }: Facts): readonly HostPort[] {
  return persisted.spec?.realServers ?? [];
}

function difference(all: readonly HostPort[], without: readonly HostPort[]): HostPort[] {
  return all.filter(one => !without.some(other => equalHostPort(one, other)));
}
