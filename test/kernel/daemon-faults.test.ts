// A master crashes, loses power, hangs or drains while clients use it. Figures are printed; assertions give them twice the
// room, because the machines that run this are noisy and the guest is emulated.
import { describe, expect, test } from 'vitest';
import { eventually, SLOWNESS } from '../lab/bounded.ts';
import { firstOrEvery, longTest } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import type { Master } from '../lab/master.ts';
import type { Network } from '../lab/network.ts';
import { wrongWindow } from '../lab/outcome.ts';
import {
  type Measured,
  measureFault,
  movedFrom,
  startClients,
  startDaemon,
  weights,
} from './daemon-helpers.ts';
import { trackConnections } from './helpers.ts';

const lab = useLab();

interface Fault {
  readonly name: string;
  readonly strike: (net: Network, master: Master) => Promise<void> | void;
  /** Twice what is asked for on an idle machine: new connections, open connections (ms). */
  readonly wrongMs: number;
  readonly brokenMs: number;
}

const KILLED: Fault = {
  name: 'D1 process killed',
  strike: (_net, master) => master.apiserver.kill('SIGKILL'),
  wrongMs: 1_000,
  brokenMs: 2_000,
};
const POWER_LOSS: Fault = {
  name: 'D2 power loss',
  strike: (net, master) => net.powerLoss(master),
  wrongMs: 8_000,
  brokenMs: 10_000,
};
const STOPPED: Fault = {
  name: 'D3 process stopped',
  strike: (_net, master) => master.apiserver.kill('SIGSTOP'),
  wrongMs: 10_000,
  brokenMs: 12_000,
};

async function strike(
  net: Network,
  fault: Fault,
  label: string,
  family: 4 | 6 = 4,
  host = net.worker,
): Promise<Measured> {
  await trackConnections(host);
  const clients = await startClients(net, host, family);
  const faultAt = await net.now();
  await fault.strike(net, clients.master);
  const measured = await measureFault(label, clients, faultAt);
  expect(measured.wrongMs).toBeLessThanOrEqual(fault.wrongMs * SLOWNESS);
  expect(measured.busyMs).toBeLessThanOrEqual(fault.brokenMs * SLOWNESS);
  expect(measured.idleMs).toBeLessThanOrEqual(fault.brokenMs * SLOWNESS);
  await eventually('the master is out', async () => {
    const left = Object.keys(await weights(host));
    return left.length === 2 && !left.includes(`${clients.master.ipv4}:6443`);
  });
  return measured;
}

// The daemon's own API path goes through the VIP, so D6 (the master behind it dies) is in each of these.
describe.each([KILLED, POWER_LOSS, STOPPED])('$name', fault => {
  test('IPv4, with its API through the VIP (D6)', async () => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers();
    await startDaemon(lab.machine, net);
    await strike(net, fault, fault.name);
  });

  (fault === KILLED ? test : longTest)('IPv6 (D15)', async () => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers({ family: 6 });
    await startDaemon(lab.machine, net, { family: 6 });
    await strike(net, fault, `${fault.name}, IPv6`, 6);
  });
});

test.each(firstOrEvery([STOPPED, KILLED]))(
  'D15 a control-plane node whose own apiserver fails uses the others: $name',
  async fault => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers();
    const own = net.master(1);
    await startDaemon(lab.machine, net, { host: own, scheduler: 'rr' });
    const fresh = await own.client('fresh');
    await fresh.waitFor(({ master }) => master === 'm1');
    const faultAt = await net.now();
    await fault.strike(net, own);
    await fresh.waitFor(({ ok, at }) => ok && at > faultAt + fault.wrongMs * SLOWNESS);
    const window = wrongWindow(await fresh.stop());
    console.log(`D15 own apiserver, ${fault.name}: new connections wrong for ${window?.ms ?? 0} ms`);
    expect(window?.ms ?? 0).toBeLessThanOrEqual(fault.wrongMs * SLOWNESS);
  },
);

describe.each(firstOrEvery([POWER_LOSS, STOPPED]))('D17 $name, with short intervals', fault => {
  test('is over within 2 s', async () => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers();
    const args = ['--probe-interval', '200ms', '--probe-timeout', '300ms', '--hang-time', '1s'];
    await startDaemon(lab.machine, net, { args });
    await strike(net, { ...fault, wrongMs: 4_000, brokenMs: 6_000 }, `D17 ${fault.name}`);
  });
});

test('the sentinel: a power loss with a probe every 30 s is noticed all the same', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await startDaemon(lab.machine, net, { args: ['--probe-interval', '30s'] });
  await strike(net, POWER_LOSS, `${POWER_LOSS.name}, probe interval 30 s`);
});

test.each(firstOrEvery([4, 6] as const))(
  'D4 a planned drain (IPv%i): no request fails, none goes there any more, open connections stay until it is over',
  async family => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers({ family });
    const daemon = await startDaemon(lab.machine, net, { family, args: ['--drain-timeout', '8s'] });
    const { fresh, busy, idle, master } = await startClients(net, net.worker, family, 30_000);
    const realServer = family === 4 ? `${master.ipv4}:6443` : `[${master.ipv6}]:6443`;
    const faultAt = await net.now();
    await master.control({ readyz: 500 });
    // Up to a probe interval and a fifth.
    await daemon.waitForLine(line => line.includes(`${realServer} is draining`));
    await eventually('it gets nobody new', async () => (await weights(net.worker))[realServer] === 0);
    const drainedAt = await net.now();
    // Both open connections outlive the drain's beginning by far, and end with the drain.
    const brokenBusy = await busy.waitFor(movedFrom(master));
    const brokenIdle = await idle.waitFor(({ ok }) => !ok);
    const stayedMs = Math.min(brokenBusy.at + brokenBusy.ms, brokenIdle.at + brokenIdle.ms) - drainedAt;
    const outcomes = await fresh.stop();
    console.log(
      `D4 drained after ${Math.round(drainedAt - faultAt)} ms; open connections stayed for ${Math.round(stayedMs)} ms more`,
    );
    expect(wrongWindow(outcomes)).toBeUndefined();
    expect(outcomes.filter(({ at, master: name }) => at > drainedAt + 250 && name === master.name)).toEqual(
      [],
    );
    expect(stayedMs).toBeGreaterThan(6_000);
    expect(await weights(net.worker)).not.toHaveProperty([realServer]);
  },
);

test('D16 with a shutdown delay of 0 a restart is a crash, and as short', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await startDaemon(lab.machine, net);
  const { fresh, busy, idle, master } = await startClients(net);
  const faultAt = await net.now();
  master.apiserver.kill('SIGTERM');
  const { wrongMs } = await measureFault('D16 no shutdown delay', { fresh, busy, idle, master }, faultAt);
  expect(wrongMs).toBeLessThanOrEqual(KILLED.wrongMs * SLOWNESS);
});

test('D5 all masters die: the set is held, and one that returns is used at once', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const daemon = await startDaemon(lab.machine, net);
  for (const { apiserver } of net.masters) apiserver.kill('SIGKILL');
  await daemon.waitForLine(line => line.includes('holding the last known good set'));
  // Three processes never end in one moment: whose end was seen while another still answered
  // is rightly at weight 0, or out. What is left stays.
  const held = await weights(net.worker);
  expect(Object.values(held)).toContain(1);
  const fresh = await net.worker.client('fresh');
  await fresh.waitFor(({ ok }) => !ok);
  expect(await weights(net.worker)).toEqual(held);
  for (const number of [1, 2, 3]) {
    await net.master(number).startApiserver();
    const returnedAt = await net.now();
    const good = await fresh.waitFor(({ ok, at }) => ok && at > returnedAt);
    const tookMs = Math.round(good.at + good.ms - returnedAt);
    console.log(`D5 m${number} returned: first good connection after ${tookMs} ms`);
    expect(tookMs).toBeLessThanOrEqual(6_000 * SLOWNESS);
    if (number < 3) {
      net.master(number).apiserver.kill('SIGKILL');
      await fresh.waitFor(({ ok, at }) => !ok && at > returnedAt);
    }
  }
  await fresh.stop();
});
