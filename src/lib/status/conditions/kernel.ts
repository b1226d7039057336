// What can be wrong with the virtual server and the parameters of the kernel. Pure.
import { formatHostPort } from '../../model/address.ts';
import { type Condition, findingIf, NO_FINDINGS, NO_VIP, ofKernel } from '../condition.ts';
import { initCommand, RESTORE, restoreOrInit } from '../remedies.ts';

export const NO_VIRTUAL_SERVER = ['ipvs-missing', 'not-initialized', 'virtual-server-missing'] as const;

export const VIRTUAL_SERVER: readonly Condition[] = [
  {
    code: 'not-permitted',
    title: 'IPVS can be read',
    severity: 'unknown',
    dependsOn: [],
    visibleAfterS: 0,
    detect: ({ kernel }) =>
      findingIf(!kernel.seen && kernel.why === 'not-permitted', () => 'reading IPVS needs root'),
    remedy: () => 'sudo bcs-apiserver-proxy status',
  },
  {
    code: 'ipvs-missing',
    title: 'the kernel has IPVS',
    severity: 'down',
    dependsOn: [],
    visibleAfterS: 0,
    detect: ({ kernel }) =>
      findingIf(
        !kernel.seen && kernel.why === 'no-ipvs',
        () => 'this kernel has no IPVS: module ip_vs is not loaded',
      ),
    remedy: () => 'modprobe ip_vs',
  },
  {
    code: 'not-initialized',
    title: 'a virtual server was set up',
    severity: 'down',
    dependsOn: ['ipvs-missing', 'persisted-corrupt'],
    visibleAfterS: 0,
    // Without permission only the name is unknown.
    detect: ({ virtualServer, kernel }) =>
      virtualServer === undefined && !kernel.seen && kernel.why === 'not-permitted'
        ? { seen: false, why: 'reading IPVS needs root' }
        : findingIf(virtualServer === undefined, () => 'no virtual server was ever set up on this node'),
    remedy: initCommand,
  },
  {
    code: 'virtual-server-missing',
    title: 'the virtual server is in the kernel',
    severity: 'down',
    dependsOn: ['ipvs-missing', 'not-initialized'],
    visibleAfterS: 0,
    detect: facts => {
      const { kernel, virtualServer } = facts;
      if (!kernel.seen) return ofKernel(facts, () => NO_FINDINGS);
      if (virtualServer === undefined) return NO_VIP;
      return findingIf(
        kernel.value === undefined,
        () => `virtual server ${formatHostPort(virtualServer)} is not in the kernel`,
      );
    },
    remedy: restoreOrInit,
  },
  {
    code: 'no-real-servers',
    title: 'the virtual server has real servers that take connections',
    severity: 'down',
    dependsOn: ['virtual-server-missing'],
    visibleAfterS: 0,
    detect: facts =>
      ofKernel(facts, ({ realServers }) => {
        if (realServers.length === 0) return [{ text: 'the virtual server has no real servers' }];
        return findingIf(
          realServers.every(({ weight }) => weight === 0),
          () => 'no real server has a weight above 0, so none takes new connections',
        );
      }),
    remedy: restoreOrInit,
  },
];

export const SETTINGS: readonly Condition[] = [
  {
    code: 'scheduler-drift',
    title: 'the scheduler is the one that was persisted',
    severity: 'degraded',
    dependsOn: ['virtual-server-missing'],
    visibleAfterS: 0,
    detect: facts =>
      ofKernel(facts, ({ scheduler }) => {
        const wanted = facts.persisted.spec?.scheduler;
        return findingIf(
          wanted !== undefined && wanted !== scheduler,
          () => `the scheduler is ${scheduler} in the kernel, ${wanted} in the persisted set`,
        );
      }),
    remedy: () => RESTORE,
  },
  sysctlOff(
    'expire-nodest-off',
    'net.ipv4.vs.expire_nodest_conn',
    'connections to a master that is gone hang instead of breaking',
  ),
  sysctlOff(
    'conntrack-off',
    'net.ipv4.vs.conntrack',
    'a stateful host firewall drops the replies of the masters',
  ),
  {
    code: 'conntrack-full',
    title: 'connection tracking has room for new connections',
    severity: 'degraded',
    dependsOn: [],
    visibleAfterS: 0,
    detect: ({ conntrack }) => {
      if (conntrack === undefined) return { seen: false, why: 'this kernel tracks no connections' };
      const { used, limit } = conntrack;
      return findingIf(
        limit > 0 && used >= limit * FULL,
        () =>
          `connection tracking is full (net.netfilter.nf_conntrack_max is ${limit}), so packets of new connections are dropped`,
      );
    },
    remedy: ({ conntrack }) =>
      `sysctl -w net.netfilter.nf_conntrack_max=${2 * (conntrack?.limit ?? 131_072)}`,
  },
  {
    code: 'module-missing',
    title: 'the kernel modules are loaded',
    severity: 'degraded',
    dependsOn: ['ipvs-missing', 'not-initialized'],
    visibleAfterS: 0,
    detect: ({ modules, kernel }) =>
      [...modules]
        // A scheduler that is in use is there, built into the kernel if not as a module.
        .filter(([name, loaded]) => !loaded && !(kernel.seen && name === `ip_vs_${kernel.value?.scheduler}`))
        .map(([name]) => ({
          about: name,
          ...(name in CONSEQUENCES && { severity: 'notice' as const }),
          text: missingModule(name),
        })),
    remedy: (_, { about }) => `modprobe ${about}`,
  },
];

/** It falls and rises by hundreds in a second: a little below its limit it is full now and then. */
const FULL = 0.98;

/** The kernel loads these by itself with the first question, where it can. */
const CONSEQUENCES: Readonly<Record<string, string>> = {
  tcp_diag: 'idle connections to a dead master may not be broken at once',
  nf_conntrack_netlink:
    'bytes through the VIP are no sign of life, and where IPVS has many connections, idle ones to a dead master may be broken late',
};

function missingModule(name: string): string {
  const consequence = CONSEQUENCES[name];
  return `kernel module ${name} is not loaded${consequence === undefined ? '' : `: ${consequence}`}`;
}

function sysctlOff(code: string, name: string, consequence: string): Condition {
  return {
    code,
    title: `${name} is 1`,
    severity: 'degraded',
    dependsOn: ['ipvs-missing', 'not-initialized'],
    visibleAfterS: 0,
    detect: ({ sysctls }) => {
      const value = sysctls.get(name);
      if (value === undefined) return { seen: false, why: 'this kernel has no such parameter' };
      return findingIf(value === '0', () => `${name} is 0: ${consequence}`);
    },
    remedy: () => `sysctl -w ${name}=1`,
  };
}
