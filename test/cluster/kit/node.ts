// What scenarios ask of the worker, and what they do to masters.
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../../lab/bounded.ts';
import { VIRTUAL_SERVER } from './addresses.ts';
import type { Cluster } from './cluster.ts';
import type { ControlMaster } from './control-plane.ts';
import { type Cost, Watch } from './watch.ts';

export const MINUTES = 60_000;
export const PATIENT = { timeoutMs: 4 * MINUTES, everyMs: 1000 };
/** What the daemon remembers of masters that left. */
export const MEMORY = '/root/.bcs/masters.json';
/** Kubelet asks for a lease each 10 s. */
const TWO_LEASES_MS = 25_000;

export interface Status {
  readonly verdict: string;
  readonly problems: readonly { readonly code: string }[];
}

export async function statusOf({ worker }: Cluster): Promise<Status> {
  const { stdout, stderr } = await worker.run([worker.binary, 'status', '--json']);
  if (stdout === '') throw new Error(`status: ${stderr}`);
  return JSON.parse(stdout) as Status;
}

export async function isHealthy(cluster: Cluster): Promise<boolean> {
  return (await statusOf(cluster)).verdict === 'healthy';
}

/** By HOST:PORT; empty = there is no virtual server, or nobody behind it. */
export async function weightsOn({ worker }: Cluster): Promise<Record<string, number>> {
  const rules = await worker.must(['ipvsadm', '-Sn']);
  const all = rules.matchAll(new RegExp(`-a -t ${VIRTUAL_SERVER} -r (\\S+) .*-w (\\d+)`, 'g'));
  return Object.fromEntries([...all].map(([, name = '', weight]) => [name, Number(weight)]));
}

/** What a boot begins with. The original program could read it, too: it needs these keys, and ignores others. */
export async function persistedOn({ worker }: Cluster): Promise<string[]> {
  const document = parse(await worker.readFile('/root/.bcs/ipvsConfig.yaml')) as Record<string, unknown>;
  expect(document).toMatchObject({
    rs: expect.any(Array),
    scheduler: expect.any(String),
    vs: VIRTUAL_SERVER,
  });
  return (document.rs as string[]).sort();
}

/** All masters are in the kernel with weight 1, and a boot would begin with all. */
export async function isWhole(cluster: Cluster): Promise<boolean> {
  const all = cluster.realServers.join();
  const taking = Object.entries(await weightsOn(cluster)).filter(([, weight]) => weight === 1);
  const names = taking.map(([name]) => name).sort();
  return names.join() === all && (await persistedOn(cluster)).join() === all;
}

/** The one that kubelet is connected to. */
export async function masterInUse(cluster: Cluster): Promise<ControlMaster> {
  const table = await cluster.worker.must(['ipvsadm', '-Ln']);
  const used = cluster.masters
    .map(master => {
      const row = new RegExp(`-> ${master.address}:6443 +Masq +\\d+ +(\\d+)`).exec(table);
      return { master, connections: Number(row?.[1] ?? 0) };
    })
    .sort((a, b) => b.connections - a.connections);
  const [first] = used;
  if (first === undefined || first.connections === 0) throw new Error(`no master is in use:\n${table}`);
  return first.master;
}

/** What it costs that `fault` befalls the master in use. */
export async function measure(
  cluster: Cluster,
  what: string,
  fault: (master: ControlMaster) => void,
): Promise<Cost> {
  const watch = await Watch.start(cluster);
  const master = await masterInUse(cluster);
  fault(master);
  await eventually('the master no longer takes connections', async () => {
    const weight = (await weightsOn(cluster))[`${master.address}:6443`];
    return weight === undefined || weight === 0;
  });
  await watch.untilServed();
  await delay(TWO_LEASES_MS);
  const cost = await watch.stop();
  show(`${cluster.version} | ${what}`, cost);
  await mend(cluster, master);
  return cost;
}

/** Percent of one core. What an apiserver needs at least differs from version to version. */
const SHARES = Array.from({ length: 20 }, (_, index) => Number((6 * 0.88 ** index).toFixed(2)));
/** Beyond the time limit of a probe. */
const SLOW_MS = 1300;

/** What it costs that the master in use has too little of the CPU for a while: it has to stay, and whoever is connected to it. */
export async function measureSlow(cluster: Cluster): Promise<Cost> {
  const watch = await Watch.start(cluster);
  const master = await masterInUse(cluster);
  const weight = async (): Promise<number | undefined> =>
    (await weightsOn(cluster))[`${master.address}:6443`];
  let percent: number;
  try {
    percent = await makeSlow(master);
    await eventually('it gets nobody new', async () => (await weight()) === 0, PATIENT);
    await delay(TWO_LEASES_MS);
    // Without new connections it may be quick again, and then gets some.
    if ((await weight()) === undefined) throw new Error('it was taken out');
    if ((await masterInUse(cluster)) !== master) throw new Error('kubelet has left it');
  } finally {
    master.slow('max');
  }
  await eventually('it serves again', async () => (await weight()) === 1, PATIENT);
  const cost = await watch.stop();
  show(`${cluster.version} | slow, ${percent} % of a core`, cost);
  return cost;
}

/** Returns the share with which most of its answers are late. */
async function makeSlow(master: ControlMaster): Promise<number> {
  for (const percent of SHARES) {
    master.slow(percent);
    const times: number[] = [];
    while (times.length < 5) {
      await delay(1000);
      times.push(master.answersAfterMs());
    }
    const [, , median = 0] = times.sort((a, b) => a - b);
    console.log(`${percent} % of a core: answers after ${times.map(Math.round).join(', ')} ms`);
    if (median > SLOW_MS) return percent;
  }
  throw new Error(`master ${master.number} is quick with ${SHARES.at(-1)} % of a core`);
}

function show(what: string, cost: Cost): void {
  const { requests, failed, outageS, slowestS, leaseGapS, wasNotReady } = cost;
  const node = wasNotReady ? 'NotReady' : 'always Ready';
  console.log(
    `${what} | ${failed} of ${requests} requests failed, ${outageS.toFixed(1)} s; slowest ${slowestS.toFixed(1)} s | longest lease gap ${leaseGapS.toFixed(1)} s | ${node}`,
  );
}

/** Whatever is wrong with it ends; then all is as in the beginning, and new connections go where kubelet's go. */
export async function mend(cluster: Cluster, ...masters: readonly ControlMaster[]): Promise<void> {
  for (const master of masters) await master.startAgain();
  await eventually('all masters serve', () => isWhole(cluster), PATIENT);
  const restartedAt = Date.now();
  await cluster.worker.must(['systemctl', 'restart', 'kubelet']);
  // A kubelet that starts says for a moment that its node is not ready.
  await eventually('kubelet is well', async () => cluster.isReadySince(restartedAt), PATIENT);
}

/** The spare master begins to serve, and ends in order: one of 1.20 stays named until another one renews its own lease. */
export async function joinAndLeave(cluster: Cluster): Promise<void> {
  const [spare] = cluster.spares;
  if (spare === undefined) throw new Error('a spare master is needed');
  spare.start(['kube-apiserver']);
  await eventually('it is named', async () => isNamed(cluster, spare.address), PATIENT);
  const from = performance.now();
  await eventually(
    'it serves',
    async () => (await weightsOn(cluster))[`${spare.address}:6443`] === 1,
    PATIENT,
  );
  const servesS = ((performance.now() - from) / 1000).toFixed(1);
  spare.kill('SIGTERM');
  const left = await untilGone(cluster, spare.address);
  console.log(`${cluster.version} | a fourth master | serves ${servesS} s after it is named; ${left}`);
}

/** One of the masters ends in order and is there again at an address that is free. */
export async function moveOne(cluster: Cluster, master: ControlMaster, address: string): Promise<void> {
  const old = master.address;
  await master.moveTo(address);
  const from = performance.now();
  await eventually('it serves', async () => (await weightsOn(cluster))[`${address}:6443`] === 1, PATIENT);
  const servesS = ((performance.now() - from) / 1000).toFixed(1);
  const left = await untilGone(cluster, old);
  console.log(
    `${cluster.version} | another address | serves ${servesS} s after it is ready; the old one: ${left}`,
  );
}

const isNamed = (cluster: Cluster, address: string): boolean =>
  cluster.kubectl(['get', 'endpoints', 'kubernetes', '-o', 'yaml']).includes(`ip: ${address}\n`);

/** One that ends now: until all is well without it. Returns what was seen. */
async function untilGone(cluster: Cluster, address: string): Promise<string> {
  const name = `${address}:6443`;
  const at = performance.now();
  await eventually('it is no longer named', async () => !isNamed(cluster, address), PATIENT);
  const leftS = ((performance.now() - at) / 1000).toFixed(1);
  await eventually('it is gone', async () => !(name in (await weightsOn(cluster))), PATIENT);
  // One that is taken for dead is missed for days.
  await eventually('all is well without it', () => isHealthy(cluster), PATIENT);
  return `no longer named ${leftS} s later, withdrawn`;
}
