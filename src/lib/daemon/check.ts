// What the daemon would run with and do first, without running it: for whoever rolls out a configuration.
import type { DaemonConfig } from '../config/daemon-config.ts';
import { messageOf } from '../errors.ts';
import { WANTED_SYSCTLS } from '../host/sysctl.ts';
import { formatHostPort } from '../model/address.ts';
import { desiredFrom, routeFor } from '../reconcile/desired.ts';
import { type Kernel, observe } from '../reconcile/kernel.ts';
import { plan } from '../reconcile/plan.ts';
import { describeStep, type StepKind } from '../reconcile/steps.ts';
import { beginning } from './assemble.ts';

export interface Check {
  /** Name and value, in words. */
  readonly settings: readonly (readonly [string, string])[];
  /** What differs in the kernel, as steps of the first pass; a text = it cannot be known, and why. */
  readonly firstPass: readonly string[] | string;
}

export function checkOf(config: DaemonConfig, openKernel: () => Kernel): Check {
  return { settings: settingsOf(config), firstPass: firstPass(config, openKernel) };
}

function settingsOf(config: DaemonConfig): Check['settings'] {
  const { discovery, kubeconfig, server, probe, listen, persistDir } = config;
  const { virtualServer, scheduler, schedulerFlags, realServers } = beginning(config);
  const flags = schedulerFlags.length === 0 ? '' : ` (${schedulerFlags.join(', ')})`;
  const seconds = (ms: number): string => `${ms / 1000} s`;
  const access = [server, kubeconfig].find(value => value !== undefined) ?? "the pod's service account";
  const what = probe.kind === 'tcp' || probe.kind === 'none' ? probe.kind : `GET ${probe.path}`;
  return [
    ['virtual server', `${formatHostPort(virtualServer)}, scheduler ${scheduler}${flags}`],
    ['masters', realServers.map(formatHostPort).join(', ') || 'none known yet'],
    ['discovery', discovery === 'static' ? 'static' : `${discovery}, through ${access}`],
    [
      'probe',
      `${what}, every ${seconds(probe.intervalMs)}, limit ${seconds(probe.timeoutMs)}, rise ${probe.rise}, fall ${probe.fall}, hang time ${seconds(probe.hangTimeMs)}`,
    ],
    ['HTTP', listen === undefined ? 'none' : formatHostPort(listen)],
    ['persisted in', persistDir],
  ];
}

/** Changes and removals depend on health and discovery, which only the daemon itself gets to know. */
const FIRST: readonly StepKind[] = [
  'set-sysctl',
  'add-virtual-server',
  'update-virtual-server',
  'add-real-server',
  'replace-route',
];

function firstPass(config: DaemonConfig, openKernel: () => Kernel): Check['firstPass'] {
  const spec = beginning(config);
  if (spec.realServers.length === 0) return 'no master is known before discovery answers';
  try {
    const kernel = openKernel();
    const observed = observe(kernel, spec.virtualServer, WANTED_SYSCTLS.keys());
    const realServers = spec.realServers.map(realServer => ({ ...realServer, weight: 1 }));
    const route = spec.route ? routeFor(spec, realServers, kernel.routes, observed.route) : undefined;
    return plan(desiredFrom(spec, realServers, route, WANTED_SYSCTLS), observed)
      .filter(({ kind }) => FIRST.includes(kind))
      .map(describeStep);
  } catch (error) {
    return messageOf(error);
  }
}
