// What scenarios share: the command line of init for a network, and everything on a node that init can change.

import { VIP4, VIP6 } from '../lab/addresses.ts';
import type { LabHost } from '../lab/lab-host.ts';
import type { Network } from '../lab/network.ts';

export interface InitShape {
  family?: 4 | 6;
  scheduler?: string;
  /** Numbers of the masters; default all. */
  masters?: readonly number[];
}

export function vipOf(family: 4 | 6): string {
  return family === 4 ? `${VIP4}:6443` : `[${VIP6}]:6443`;
}

export function realServerOf(net: Network, number: number, family: 4 | 6 = 4): string {
  const master = net.master(number);
  return family === 4 ? `${master.ipv4}:6443` : `[${master.ipv6}]:6443`;
}

export function initArgs(net: Network, { family = 4, scheduler, masters }: InitShape = {}): string[] {
  const numbers = masters ?? net.masters.map((_, index) => index + 1);
  return [
    'init',
    '--vs',
    vipOf(family),
    ...numbers.flatMap(number => ['--rs', realServerOf(net, number, family)]),
    ...(scheduler === undefined ? [] : ['--scheduler', scheduler]),
    '--no-service', // service.test.ts is about that; on LAB=host it would be the host's
  ];
}

/**
 * Connection tracking is on in a network namespace once a rule needs it, as kube-proxy's rules do on a node of Kubernetes.
 * With it the daemon knows which master a connection goes to.
 */
export async function trackConnections(host: LabHost): Promise<void> {
  const chain = 'type filter hook output priority 0';
  await host.must(['nft', `table inet tracked { chain output { ${chain}; ct state established accept; }; }`]);
}

export const NODE_STATE = ['rules', 'routes', 'sysctls'] as const;

/** The kernel's tables as text: equal text = nothing was changed. */
export async function nodeState(host: LabHost): Promise<Record<(typeof NODE_STATE)[number], string>> {
  const show = (family: 4 | 6): string[] => ['ip', `-${family}`, 'route', 'show', 'table', 'all'];
  return {
    rules: await host.rules(),
    routes: `${await host.must(show(4))}${await host.must(show(6))}`,
    sysctls: await host.must(['sysctl', 'net.ipv4.vs.conntrack', 'net.ipv4.vs.expire_nodest_conn']),
  };
}
