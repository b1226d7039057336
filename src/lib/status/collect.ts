// Looks at everything that has to do with this node's virtual server. Needs neither daemon, API nor configuration: what
// fails, or does not answer in time, is unseen.
import { networkInterfaces } from 'node:os';
import { flagOf, isHostsRoots, listProcesses, sharesNetwork } from '../host/processes.ts';
import { sortProcesses } from '../host/proxy-processes.ts';
import { WANTED_SYSCTLS } from '../host/sysctl.ts';
import type { HostPort } from '../model/address.ts';
import { DEFAULT_SCHEDULER } from '../model/scheduler.ts';
import type { Kernel } from '../reconcile/kernel.ts';
import type { SocketClient } from '../sockets/client.ts';
import { collectBoot } from './collect/boot.ts';
import { collectConflicts } from './collect/conflicts.ts';
import { askDaemon, listenAddress, podHere } from './collect/daemon.ts';
import { startDeadline } from './collect/deadline.ts';
import { collectEvents, collectMissing, collectPersisted } from './collect/files.ts';
import {
  collectConntrack,
  collectKernel,
  collectModules,
  collectRoute,
  findOurs,
  spreadsOneHost,
} from './collect/kernel.ts';
import { type ConfigMapValue, collectKubeProxy } from './collect/kube-proxy.ts';
import { collectKubelet } from './collect/kubelet.ts';
import type { Facts } from './report.ts';
import { lookedAfter } from './servers.ts';

/** For all questions over the network and to systemd together. */
const ASKING_MS = 1500;

export interface CollectOptions {
  readonly persistDir: string;
  /** Overrides the persisted set's virtual server. */
  readonly virtualServer: HostPort | undefined;
  /** Ask the real servers, too. */
  readonly probe: boolean;
  /** Asks the kubeconfig's server and the real servers; left out, nobody is asked. */
  readonly readConfigMap?: ReadConfigMap;
}

export interface Node {
  readonly kernel: Kernel;
  readonly sockets: Pick<SocketClient, 'traffic'>;
}

/** Undefined when nobody answers before the deadline; never rejects. */
export type ReadConfigMap = (
  value: ConfigMapValue,
  kubeconfig: string,
  realServers: readonly HostPort[],
  deadline: AbortSignal,
) => Promise<string | undefined>;

export async function collectFacts({ kernel, sockets }: Node, options: CollectOptions): Promise<Facts> {
  const { signal: deadline, lateMs } = startDeadline(ASKING_MS);
  const askedBoot = collectBoot(ASKING_MS);
  const processes = listProcesses();
  const { daemons, original } = sortProcesses(processes);
  const listen = listenAddress(daemons);
  const askedDaemon = askDaemon(listen, deadline);

  const persisted = collectPersisted(options.persistDir);
  const virtualServer = options.virtualServer ?? persisted.spec?.virtualServer ?? findOurs(kernel);
  const inKernel = collectKernel(kernel, virtualServer);
  const realServers = [
    ...((inKernel.seen && inKernel.value?.realServers) || []),
    ...(persisted.spec?.realServers ?? []),
  ];
  const kubelet = collectKubelet(processes);
  const kubeconfigs = [
    kubelet.seen ? kubelet.value.kubeconfig : undefined,
    ...daemons.filter(one => isHostsRoots(one)).map(daemon => flagOf(daemon, 'kubeconfig')),
  ].filter(path => path !== undefined);
  const askedKubeProxy = collectKubeProxy(
    processes,
    async (value, until) =>
      options.probe && kubeconfigs[0] !== undefined
        ? options.readConfigMap?.(value, kubeconfigs[0], realServers, until)
        : undefined,
    deadline,
  );
  const askedMasters = options.probe
    ? probeAll({
        virtualServer,
        spreads: spreadsOneHost(inKernel),
        realServers,
        moreRealServers: askedDaemon.then(named),
        kubeconfigs,
        deadline,
        pins: kernel.pins,
        sockets,
      })
    : { probes: NOT_ASKED_FOR, throughVip: NOT_ASKED_FOR };

  const hostAddresses = kernel.routes.hostAddresses();
  // Before anything is waited for: what the kernel has belongs to one moment.
  const now = {
    virtualServer,
    kernel: inKernel,
    route: virtualServer && collectRoute(kernel.routes, virtualServer.address, realServers),
    conflicts: collectConflicts(virtualServer?.address, hostAddresses, networkInterfaces()),
    hostAddresses,
    sysctls: new Map(Array.from(WANTED_SYSCTLS.keys(), name => [name, kernel.sysctls.read(name)])),
    conntrack: collectConntrack(kernel.sysctls),
    modules: collectModules(inKernel, persisted.spec?.scheduler ?? DEFAULT_SCHEDULER),
    persisted,
    missing: collectMissing(options.persistDir, virtualServer),
    events: collectEvents(options.persistDir),
    kubelet,
    originalTool: original.map(({ pid }) => pid),
  };
  const { bootService, daemonUnit: unit } = await askedBoot;
  return {
    ...now,
    ...(await askedMasters),
    daemon: {
      // One elsewhere keeps tables of its own; without root it cannot be told, and then it counts.
      processes: daemons.filter(one => process.geteuid?.() !== 0 || sharesNetwork(one)).map(({ pid }) => pid),
      listen,
      snapshot: await askedDaemon,
      unit,
      pod: podHere(),
    },
    bootService,
    kubeProxy: await askedKubeProxy,
    lateMs: lateMs(),
  };
}

const NOT_ASKED_FOR = { seen: false, why: 'not asked for' } as const;
const NOBODY_TO_ASK = { seen: false, why: 'no virtual server is known' } as const;

type Plan = import('./collect/probes.ts').ProbePlan;

async function probeAll(
  plan: Omit<Plan, 'virtualServer'> & { virtualServer: HostPort | undefined },
): Promise<Pick<Facts, 'probes' | 'throughVip'>> {
  const { virtualServer } = plan;
  if (virtualServer === undefined) return { probes: NOBODY_TO_ASK, throughVip: NOBODY_TO_ASK };
  const { collectProbes } = await import('./collect/probes.ts');
  return collectProbes({ ...plan, virtualServer });
}

/** The real servers that the daemon names. */
function named(snapshot: Facts['daemon']['snapshot']): HostPort[] {
  return snapshot.seen ? lookedAfter(snapshot.value) : [];
}
