// A control plane that behaves as a real one: apiservers that share one etcd, are named by leases, and answer from caches of
// their own. The lowest tier has what each of them can say (unit/discovery/cluster.test.ts); here is what becomes of it.
import { expect, test } from 'vitest';
import { eventually } from '../lab/bounded.ts';
import { longTest } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import type { Master } from '../lab/master.ts';
import type { Network } from '../lab/network.ts';
import { runDaemon, startDaemon, weights } from './daemon-helpers.ts';

const lab = useLab();

const nameOf = ({ ipv4 }: Master): string => `${ipv4}:6443`;

async function pause(net: Network, milliseconds: number): Promise<void> {
  const until = (await net.now()) + milliseconds;
  await eventually('some seconds have passed', async () => (await net.now()) >= until, { everyMs: 1000 });
}

/** Whom a boot would begin with. */
const persisted = async (): Promise<string[]> => {
  const text = await lab.machine.readFile('/root/.bcs/ipvsConfig.yaml');
  return [...text.matchAll(/^ {2}- (\S+)$/gm)].map(([, name]) => name ?? '');
};

test('leases: a crashed apiserver is named for 15 s, one that ends in order no longer, one that starts at once', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers({ leases: true });
  const [m1, m2, m3] = net.masters as [Master, Master, Master];
  const untilNamed = async (...masters: Master[]): Promise<number> => {
    const from = await net.now();
    const names = masters.map(({ ipv4 }) => ipv4).join();
    await eventually(`${names} are named`, async () => (await net.named(m3)).join() === names, {
      everyMs: 500,
    });
    return (await net.now()) - from;
  };
  m1.apiserver.kill('SIGKILL');
  const crashMs = await untilNamed(m2, m3);
  m2.apiserver.kill('SIGTERM');
  const endMs = await untilNamed(m3);
  await m1.startApiserver();
  const startMs = await untilNamed(m1, m3);
  await net.powerLoss(m1);
  const lossMs = await untilNamed(m3);
  console.log(`withdrawn after ${[crashMs, lossMs].map(Math.round)} ms, in order ${Math.round(endMs)} ms`);
  for (const ms of [crashMs, lossMs]) {
    expect(ms).toBeGreaterThan(10_000);
    expect(ms).toBeLessThan(30_000);
  }
  expect(Math.max(endMs, startMs)).toBeLessThan(10_000);
});

type Order = [number, number, number];
type Case = [signal: 'SIGKILL' | 'SIGTERM', died: Order, back: Order];
const CASES: readonly Case[] = [
  ['SIGTERM', [1, 2, 3], [2, 1, 3]],
  ['SIGKILL', [3, 1, 2], [3, 2, 1]],
];

longTest.each(CASES)(
  '%s to one master after the other, 20 s apart: %j; they come back: %j; the daemon is started anew in between',
  async (signal, died, back) => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers({ leases: true });
    let daemon = await startDaemon(lab.machine, net);
    for (const number of died) {
      net.master(number).apiserver.kill(signal);
      await pause(net, 20_000);
    }
    daemon.kill('SIGTERM');
    expect((await daemon.exited).code).toBe(0);
    daemon = await runDaemon(lab.machine, net.worker, {}, 0);
    await eventually('it holds what is left', async () => Object.keys(await weights(net.worker)).length > 0);
    const [first, ...others] = back;
    const fresh = await net.worker.client('fresh');
    await net.master(first).startApiserver();
    const from = await net.now();
    const served = await fresh.waitFor(({ ok }) => ok);
    await fresh.stop();
    const tookMs = Math.round(served.at + served.ms - from);
    console.log(
      `${signal} to ${died.join(' ')}: master ${first}, the first, serves ${tookMs} ms after it is back`,
    );
    // 3 s where nothing is emulated.
    expect(tookMs).toBeLessThanOrEqual(10_000);
    for (const number of others) await net.master(number).startApiserver();
    await eventually(
      'all serve, and a boot would begin with all',
      async () =>
        Object.values(await weights(net.worker)).join() === '1,1,1' && (await persisted()).length === 3,
    );
    daemon.kill('SIGTERM');
    await daemon.exited;
  },
);

longTest(
  'an older list from another apiserver brings back no master that has left, and takes away none that came',
  async () => {
    const net = await lab.network({ masters: 4 });
    await net.startApiservers({ leases: true, numbers: [1, 2, 3] });
    const daemon = await startDaemon(lab.machine, net, {
      masters: [1, 2, 3],
      args: ['--drain-timeout', '3s'],
    });
    const joined = net.master(4);
    const old = net.masters.filter(master => master !== joined);
    const watched = await eventually('one of them is watched', async () => {
      const watches = await Promise.all(old.map(async each => (await each.counters()).watches));
      return old[watches.indexOf(1)];
    });
    const [left, lagging] = old.filter(master => master !== watched);
    if (left === undefined || lagging === undefined) throw new Error('four masters are needed');
    await lagging.control({ lag: true });
    await joined.startApiserver();
    await daemon.waitForLine(line => line.includes(`${nameOf(joined)} is ready`));
    await joined.control({ lag: true });
    left.apiserver.kill('SIGTERM');
    await daemon.waitForLine(line => line.includes(`${nameOf(left)} is gone`));
    const now = [watched, lagging, joined].map(nameOf).sort();
    await eventually(
      'a boot would begin with those that are left',
      async () => (await persisted()).sort().join() === now.join(),
    );
    const before = daemon.stdout.length;
    // Its watch ends with a list to make, which it does not live to answer.
    await watched.control({ fail: { endpointslices: 'hang' }, gone: true });
    await eventually('the list is asked for', async () => listsOf(await watched.counters()) > 0);
    watched.apiserver.kill('SIGKILL');
    await eventually('another one is watched', async () => {
      const all = await Promise.all([lagging, joined].map(each => each.counters()));
      return all.some(({ watches }) => watches > 0);
    });
    await pause(net, 3000);
    expect(await persisted()).toEqual(expect.arrayContaining([nameOf(joined), nameOf(lagging)]));
    expect(await persisted()).not.toContain(nameOf(left));
    expect(await weights(net.worker)).toMatchObject({ [nameOf(joined)]: 1, [nameOf(lagging)]: 1 });
    // The lease of the crashed one may have ended by now, which is told rightly.
    const told = daemon.stdout.slice(before).split('\n');
    const changes = told.filter(line => line.includes('discovery named another set')).join('\n');
    for (const each of [left, lagging, joined]) expect(changes).not.toContain(nameOf(each));
    for (const each of [lagging, joined]) await each.control({ lag: false });
    await eventually('what was missed is heard: the crashed one is missing', async () =>
      (await lab.machine.readFile('/root/.bcs/masters.json').catch(() => '')).includes(nameOf(watched)),
    );
    daemon.kill('SIGTERM');
    await daemon.exited;
  },
);

/** Lists behind the one with which it began. */
function listsOf({ requests }: { requests: Record<string, number> }): number {
  return (requests['/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'] ?? 0) - 1;
}
