// A real cluster: masters on this machine, and a worker in a guest. See docs/cluster.md.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../lab/bounded.ts';
import type { Machine, RunResult } from '../../lab/machine.ts';
import { VIRTUAL_SERVER } from './addresses.ts';
import { findBinaries } from './binaries.ts';
import { ControlMaster, startEtcd } from './control-plane.ts';
import { makeLan } from './lan.ts';
import { RUN_DIRECTORY, sweep, takeOver } from './leftovers.ts';
import type { Running } from './processes.ts';
import { bootWorker, joinCluster } from './worker.ts';

const CONDITION = '.status.conditions[?(@.type=="Ready")]';

/** Arguments of kubectl. */
export const NODE_STATUS = ['get', 'node', 'worker', '-o', `jsonpath={${CONDITION}.status}`];

const HEARTBEAT = [
  ...['get', 'node', 'worker', '-o'],
  `jsonpath={${CONDITION}.status} {${CONDITION}.lastHeartbeatTime}`,
];
const LEASE = ['-n', 'kube-node-lease', 'get', 'lease', 'worker', '-o', 'jsonpath={.spec.renewTime}'];

export interface ClusterOptions {
  readonly masters?: number;
  /** More masters, prepared and not started. */
  readonly spare?: number;
  /** Told how far it is. */
  readonly tell?: (what: string) => void;
}

export class Cluster {
  readonly masters: readonly ControlMaster[];
  readonly spares: readonly ControlMaster[];
  readonly worker: Machine;
  readonly version: string;
  readonly #etcd: Running;

  private constructor(parts: Pick<Cluster, 'masters' | 'spares' | 'worker' | 'version'>, etcd: Running) {
    this.masters = parts.masters;
    this.spares = parts.spares;
    this.worker = parts.worker;
    this.version = parts.version;
    this.#etcd = etcd;
  }

  /** A control plane that is ready, and a worker that has not joined. */
  static async start({
    masters: count = 3,
    spare = 0,
    tell = () => {},
  }: ClusterOptions = {}): Promise<Cluster> {
    const binaries = findBinaries();
    await takeOver();
    const directory = mkdtempSync(RUN_DIRECTORY);
    const numbers = Array.from({ length: count + spare }, (_, index) => index + 1);
    makeLan(numbers);
    const etcd = startEtcd(directory, binaries);
    const all = numbers.map(number => new ControlMaster(number, join(directory, `m${number}`), binaries));
    const [masters, spares] = [all.slice(0, count), all.slice(count)];
    tell('the worker boots');
    const booting = bootWorker(binaries);
    try {
      await startMasters(masters, tell);
      for (const each of spares) each.prepare(masters[0] as ControlMaster);
      const worker = await booting;
      tell('the worker is there');
      return new Cluster({ masters, spares, worker, version: binaries.version }, etcd);
    } catch (error) {
      const [worker] = await Promise.allSettled([booting]);
      if (worker.status === 'fulfilled') await worker.value.close();
      await remove(all, etcd);
      throw error;
    }
  }

  master(number: number): ControlMaster {
    const found = this.masters[number - 1];
    if (found === undefined) throw new Error(`there is no master ${number}`);
    return found;
  }

  get realServers(): string[] {
    return this.masters.map(({ address }) => `${address}:6443`);
  }

  /** Our program on the worker. */
  proxy(args: readonly string[]): Promise<RunResult> {
    return this.worker.run([this.worker.binary, ...args]);
  }

  /** As the guide says: the virtual server first, then kubelet. */
  async join(): Promise<void> {
    const rs = this.realServers.flatMap(one => ['--rs', one]);
    const init = await this.proxy(['init', '--vs', VIRTUAL_SERVER, ...rs]);
    if (init.code !== 0) throw new Error(`init: exit ${init.code}\n${init.stdout}${init.stderr}`);
    await joinCluster(this.worker);
    // Newer versions of kubeadm end before kubelet has made its node.
    await eventually('the worker is Ready', async () => this.tryKubectl(NODE_STATUS) === 'True', {
      timeoutMs: 180_000,
      everyMs: 1000,
    });
  }

  /** Whether kubelet has renewed its lease and said that the node is Ready since then, ms since 1970. */
  isReadySince(time: number): boolean {
    const [status, heard] = this.tryKubectl(HEARTBEAT)?.split(' ') ?? [];
    const renewedAt = this.leaseRenewedAt();
    return status === 'True' && Date.parse(heard ?? '') > time && renewedAt !== undefined && renewedAt > time;
  }

  /** When kubelet last renewed its lease, in ms since 1970 by the worker's clock; undefined when no master answers now. */
  leaseRenewedAt(): number | undefined {
    const lease = this.tryKubectl(LEASE);
    return lease === undefined ? undefined : Date.parse(lease);
  }

  /** Undefined when no master answers now. */
  tryKubectl(args: readonly string[]): string | undefined {
    for (const master of this.masters.filter(({ isUsable }) => isUsable)) {
      try {
        return master.kubectl(['--request-timeout', '3s', ...args]);
      } catch {} // another one may
    }
    return undefined;
  }

  /** What `user` asked about masters and was answered, as "verb path code", each once. */
  askedBy(user: string): string[] {
    const asked = this.masters.flatMap(master => master.asked).filter(each => each.user === user);
    return [...new Set(asked.map(({ verb, path, code }) => `${verb} ${path} ${code}`))];
  }

  /** Kubernetes before 1.21 has EndpointSlices only as beta, which our program does not ask for. */
  get hasSlices(): boolean {
    return this.#minor >= 21;
  }

  /** kube-proxy has a mode of this name, without a feature gate. */
  get hasNftables(): boolean {
    return this.#minor >= 31;
  }

  get #minor(): number {
    return Number(this.version.split('.')[1]);
  }

  /** A kubeconfig of the administrator, towards the VIP. */
  adminConfig(): string {
    return this.master(1).adminConfig();
  }

  /** As the administrator, through a master that runs. */
  kubectl(args: readonly string[], input = ''): string {
    const master = this.masters.find(({ isUsable }) => isUsable);
    if (master === undefined) throw new Error('no apiserver runs');
    return master.kubectl(args, input);
  }

  async stop(): Promise<void> {
    await this.worker.close();
    await remove([...this.masters, ...this.spares], this.#etcd);
  }
}

/** No kubelet runs on a master: what one would say of itself. kubeadm and `--discovery nodes` ask for it. */
function nodeOf({ number, address }: ControlMaster): string {
  const name = `m${number}`;
  const roles = ['control-plane', 'master'].map(role => [`node-role.kubernetes.io/${role}`, '']);
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...Object.fromEntries(roles) } },
    status: { addresses: [{ type: 'InternalIP', address }] },
  });
}

async function startMasters(masters: readonly ControlMaster[], tell: (what: string) => void): Promise<void> {
  const [first] = masters;
  if (first === undefined) throw new Error('a cluster has one master at least');
  for (const master of masters) master.prepare(first);
  first.start();
  await first.untilReady();
  tell('the first master is ready');
  for (const master of masters) first.kubectl(['create', '-f', '-'], nodeOf(master));
  for (const phase of ['upload-config all', 'bootstrap-token']) first.kubeadm(...phase.split(' '));
  for (const master of masters) master.start();
  for (const master of masters) await master.untilReady();
  tell('all masters are ready');
}

async function remove(masters: readonly ControlMaster[], etcd: Running): Promise<void> {
  for (const master of masters) await master.stop();
  await etcd.stop();
  await sweep();
}
