// Slow is not dead: masters that are late, stumble, start slowly or end in order lose no connection. Of those that hang,
// no more go than there is evidence for. Defaults throughout; figures are printed, and asserted with twice the room.
import { expect, test } from 'vitest';
import { eventually } from '../lab/bounded.ts';
import { longTest } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import type { RunningClient } from '../lab/lab-host.ts';
import type { LabProcess } from '../lab/machine.ts';
import type { Master } from '../lab/master.ts';
import type { Network } from '../lab/network.ts';
import { rightAfterMs, wrongWindow } from '../lab/outcome.ts';
import { startDaemon, weights } from './daemon-helpers.ts';
import { trackConnections } from './helpers.ts';

const lab = useLab();

interface Crowd {
  readonly fresh: RunningClient;
  readonly busy: RunningClient;
  readonly idle: readonly RunningClient[];
  /** Who serves the busy one; with scheduler sh, everybody. */
  readonly used: Master;
  readonly others: readonly [Master, Master];
}

/** `timeoutMs`: of the client that connects anew every 250 ms. */
async function crowd(net: Network, timeoutMs = 1_000): Promise<Crowd> {
  const patient = { timeoutMs: 120_000 };
  const busy = await net.worker.client('busy', patient);
  const idle = await Promise.all([
    ...Array.from({ length: 4 }, () => net.worker.client('idle', patient)),
    // An IPv6 socket that is connected to an IPv4 address.
    net.worker.client('idle', { ...patient, vip: '::ffff:10.99.0.1' }),
  ]);
  const fresh = await net.worker.client('fresh', { timeoutMs });
  for (const client of idle) await client.waitFor(({ ok }) => ok);
  const { master } = await busy.waitFor(({ ok }) => ok);
  const [first, second] = net.masters.filter(({ name }) => name !== master);
  const used = net.masters.find(({ name }) => name === master);
  if (used === undefined || first === undefined || second === undefined)
    throw new Error('three masters are needed');
  return { fresh, busy, idle, used, others: [first, second] };
}

/** Nothing starts any more in this guest, and the daemon's usual look at the clients is not one of its first. */
async function calm({ fresh }: Crowd): Promise<void> {
  await eventually('the clients are served at their usual pace', async () => fresh.outcomes().length >= 32);
}

/** So many of the open connections have ended; the busy one shows it by a failure, or by another master's answer. */
function broken({ busy, idle, used }: Crowd): number {
  const idleBroken = idle.filter(client => client.outcomes().length > 1).length;
  return idleBroken + Number(busy.outcomes().some(({ ok, master }) => !ok || master !== used.name));
}

async function threeMasters(args: readonly string[] = [], scheduler?: string) {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await trackConnections(net.worker);
  const shape = scheduler === undefined ? { args } : { args, scheduler };
  return { net, daemon: await startDaemon(lab.machine, net, shape) };
}

const name = ({ ipv4 }: Master): string => `${ipv4}:6443`;

/** Steps that the daemon took on real servers, from its log. */
function steps(daemon: LabProcess): string[] {
  return daemon.stdout
    .split('\n')
    .filter(line => /"(remove|add|update)-real-server"/.test(line))
    .map(line => (JSON.parse(line) as { message: string }).message);
}

async function pass(net: Network, milliseconds: number): Promise<void> {
  const from = await net.now();
  await eventually(`${milliseconds} ms have passed`, async () => (await net.now()) - from >= milliseconds, {
    timeoutMs: milliseconds + 30_000,
    everyMs: 500,
  });
}

/** Until new connections are served again. */
async function right({ fresh }: Crowd, faultAt: number): Promise<number> {
  await eventually('new connections are served', async () =>
    Number.isFinite(rightAfterMs(fresh.outcomes(), faultAt)),
  );
  return rightAfterMs(await fresh.stop(), faultAt);
}

const late = (masters: readonly Master[], delayMs: number) =>
  Promise.all(masters.map(master => master.control({ delayMs })));

test('all masters answer late for half a minute, and well again: nothing changes, nothing breaks', async () => {
  const { net, daemon } = await threeMasters();
  const all = await crowd(net, 10_000);
  const [before, stepsBefore] = [await net.worker.rules(), steps(daemon)];
  await late(net.masters, 1_500);
  await pass(net, 30_000);
  await late(net.masters, 0);
  await pass(net, 10_000);
  expect(steps(daemon)).toEqual(stepsBefore);
  expect(await net.worker.rules()).toBe(before);
  expect(broken(all)).toBe(0);
  expect(wrongWindow(await all.fresh.stop())).toBeUndefined();
});

test('two of three are late: they get nobody new, and keep whom they have', async () => {
  const { net, daemon } = await threeMasters();
  const all = await crowd(net, 10_000);
  const slow = [all.used, all.others[0]];
  const quick = all.others[1];
  const faultAt = await net.now();
  await late(slow, 1_500);
  const good = await all.fresh.waitFor(({ ok, master }) => ok && master === quick.name);
  const tookMs = Math.round(good.at - faultAt);
  console.log(`two late masters: new connections go to the quick one after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(15_000);
  await eventually('both slow ones have weight 0', async () => {
    const now = await weights(net.worker);
    return slow.every(master => now[name(master)] === 0) && now[name(quick)] === 1;
  });
  await pass(net, 10_000);
  expect(steps(daemon).filter(step => step.startsWith('remove'))).toEqual([]);
  expect(broken(all)).toBe(0);
  await late(slow, 0);
  await eventually('all serve again', async () =>
    Object.values(await weights(net.worker)).every(weight => weight === 1),
  );
  expect(wrongWindow(await all.fresh.stop())).toBeUndefined();
});

test('one hangs, one is late, one is well: the hung one is out, the late one keeps whom it has', async () => {
  const { net, daemon } = await threeMasters();
  const all = await crowd(net);
  await calm(all);
  const [slow, well] = all.others;
  const faultAt = await net.now();
  await late([slow], 1_500);
  all.used.apiserver.kill('SIGSTOP');
  await eventually(
    'the hung one is out and the late one at weight 0',
    async () =>
      JSON.stringify(sortedEntries(await weights(net.worker))) ===
      JSON.stringify(sortedEntries({ [name(slow)]: 0, [name(well)]: 1 })),
  );
  const ends = await Promise.all(all.idle.map(client => client.waitFor(({ ok }) => !ok)));
  const brokenMs = Math.round(Math.max(...ends.map(({ at, ms }) => at + ms)) - faultAt);
  await all.fresh.waitFor(({ ok, at, master }) => ok && at > faultAt + 1_000 && master === well.name);
  const rightMs = await right(all, faultAt);
  console.log(
    `one hung, one late: new connections right after ${rightMs} ms, open ones broken after ${brokenMs} ms`,
  );
  expect(rightMs).toBeLessThanOrEqual(10_000);
  expect(brokenMs).toBeLessThanOrEqual(12_000);
  expect(steps(daemon).filter(step => step.startsWith('remove')).length).toBe(1);
});

function sortedEntries(record: Record<string, number>): [string, number][] {
  return Object.entries(record).sort();
}

test('two of three hang: one is out, the other gets nobody new and is out after the long silence', async () => {
  const { net } = await threeMasters();
  const all = await crowd(net);
  await calm(all);
  const hung = [all.used, all.others[0]];
  const faultAt = await net.now();
  for (const { apiserver } of hung) apiserver.kill('SIGSTOP');
  const soFar = async (): Promise<number> => Math.round((await net.now()) - faultAt);
  const stateOf = async (): Promise<(number | undefined)[]> => {
    const now = await weights(net.worker);
    return hung.map(master => now[name(master)]);
  };
  await eventually(
    'one is out',
    async () => (await stateOf()).filter(weight => weight === undefined).length === 1,
    { everyMs: 100 },
  );
  const firstMs = await soFar();
  // Its silence began with its probe, that of the first one with what a client asked.
  await eventually('the other gets nobody new', async () => (await stateOf()).includes(0), { everyMs: 100 });
  const quietMs = await soFar();
  await eventually('both are out', async () => (await stateOf()).every(weight => weight === undefined));
  const secondMs = await soFar();
  const rightMs = await right(all, faultAt);
  console.log(
    `two hung: out after ${firstMs} and ${secondMs} ms, the second with nobody new after ${quietMs} ms; new connections right after ${rightMs} ms`,
  );
  expect(firstMs).toBeLessThanOrEqual(10_000);
  expect(quietMs).toBeLessThanOrEqual(10_000);
  expect(secondMs).toBeGreaterThan(12_000);
  expect(rightMs).toBeLessThanOrEqual(10_000);
});

test('all lose power and two come back: the first serves at once, and the second is not taken out for what was', async () => {
  const { net, daemon } = await threeMasters();
  const all = await crowd(net);
  const second = all.others[0];
  for (const master of net.masters) await net.powerLoss(master);
  await daemon.waitForLine(line => line.includes('holding the last known good set'));
  await pass(net, 5_000);
  const stepsBefore = steps(daemon).length;
  await net.powerBack(all.used);
  const returnedAt = await net.now();
  await net.powerBack(second);
  const good = await all.fresh.waitFor(({ ok, at }) => ok && at > returnedAt);
  const tookMs = Math.round(good.at + good.ms - returnedAt);
  console.log(`power returns to one: first good connection after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(6_000);
  await eventually(
    'the one without power is out',
    async () => !(name(all.others[1]) in (await weights(net.worker))),
  );
  const since = steps(daemon).slice(stepsBefore);
  expect(since.filter(step => step.includes(name(second)) || step.includes(name(all.used)))).toEqual([]);
});

longTest('a master that needs 20 s to start gets one handshake, and serves when it is quick', async () => {
  const { net, daemon } = await threeMasters();
  const all = await crowd(net);
  const [starting] = all.others;
  starting.apiserver.kill('SIGKILL');
  await eventually('it is out', async () => !(name(starting) in (await weights(net.worker))));
  await starting.startApiserver();
  await starting.control({ delayMs: 5_000 });
  await pass(net, 20_000);
  const { handshakes } = await starting.control({ delayMs: 0 });
  console.log(`a master that starts for 20 s saw ${handshakes} handshakes`);
  // The one in which it may still have been quick, and the one that waits.
  expect(handshakes).toBeLessThanOrEqual(2);
  await eventually('it serves', async () => (await weights(net.worker))[name(starting)] === 1);
  expect(broken(all)).toBe(0);
  expect(wrongWindow(await all.fresh.stop())).toBeUndefined();
  expect(steps(daemon).filter(step => step.startsWith('remove')).length).toBe(1);
});

longTest('one answer of /readyz in twenty takes 3 s: nothing changes', async () => {
  const { net, daemon } = await threeMasters(['--probe-interval', '1s']);
  const all = await crowd(net);
  const [before, stepsBefore] = [await net.worker.rules(), steps(daemon)];
  await Promise.all(net.masters.map(master => master.control({ hiccup: { every: 20, ms: 3_000 } })));
  const count = async () => (await all.used.counters()).requests['/readyz'] ?? 0;
  const from = await count();
  await eventually('forty probes', async () => (await count()) >= from + 40, {
    timeoutMs: 120_000,
    everyMs: 1_000,
  });
  expect(steps(daemon)).toEqual(stepsBefore);
  expect(await net.worker.rules()).toBe(before);
  expect(broken(all)).toBe(0);
  expect(wrongWindow(await all.fresh.stop())).toBeUndefined();
});

test('a request that rightly takes 10 s costs at most a probe a second, and nothing else', async () => {
  const { net, daemon } = await threeMasters();
  const all = await crowd(net);
  const [before, stepsBefore] = [await net.worker.rules(), steps(daemon)];
  const probes = async () => (await all.used.counters()).requests['/readyz'] ?? 0;
  const [from, startedAt] = [await probes(), await net.now()];
  const slow = await net.worker.client('slow', { timeoutMs: 120_000 });
  expect(await slow.waitFor(({ ms }) => ms > 0)).toMatchObject({ ok: true, master: all.used.name });
  const seconds = ((await net.now()) - startedAt) / 1_000;
  const count = (await probes()) - from;
  console.log(`a request of 10 s: ${count} probes in ${seconds.toFixed(0)} s`);
  // Beside the one or two that are due anyway.
  expect(count).toBeLessThanOrEqual(seconds + 2);
  expect(steps(daemon)).toEqual(stepsBefore);
  expect(await net.worker.rules()).toBe(before);
  expect(broken(all)).toBe(0);
});

test('SIGTERM as with kubeadm: nobody new within half a second, and what is open is served to its end', async () => {
  const { net } = await threeMasters();
  const all = await crowd(net);
  const slow = await net.worker.client('slow', { timeoutMs: 120_000 });
  await all.used.control({ closesAtOnce: true, gracefulMs: 20_000 });
  await eventually(
    'the long request is there',
    async () => (await all.used.counters()).requests['/slow'] === 1,
  );
  const faultAt = await net.now();
  all.used.apiserver.kill('SIGTERM');
  await eventually('it has weight 0', async () => (await weights(net.worker))[name(all.used)] === 0, {
    everyMs: 50,
  });
  const loweredMs = Math.round((await net.now()) - faultAt);
  const answer = await slow.waitFor(({ ms }) => ms > 0);
  expect(answer, 'the request in flight').toMatchObject({ ok: true, master: all.used.name });
  expect(all.idle.filter(client => client.outcomes().length > 1)).toEqual([]);
  await eventually(
    'it is out when it has ended',
    async () => !(name(all.used) in (await weights(net.worker))),
  );
  const goneMs = Math.round((await net.now()) - faultAt);
  const rightMs = await right(all, faultAt);
  console.log(
    `SIGTERM: weight 0 after ${loweredMs} ms, new connections right after ${rightMs} ms, out after ${goneMs} ms`,
  );
  expect(loweredMs).toBeLessThanOrEqual(1_500);
  expect(rightMs).toBeLessThanOrEqual(1_500);
  expect(goneMs).toBeGreaterThan(15_000);
});
