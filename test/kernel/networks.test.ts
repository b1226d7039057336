// Real networks: ways that take smaller packets than lo, and addresses that come and go.
import { describe, expect, test } from 'vitest';
import { VIP4, VIP6 } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { firstOrEvery } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import type { Network } from '../lab/network.ts';
import { netns } from '../lab/topology.ts';
import { runDaemon, startDaemon } from './daemon-helpers.ts';
import { initArgs } from './helpers.ts';

const lab = useLab();

const VIPS = { 4: VIP4, 6: `[${VIP6}]` } as const;
const SIZES = [1_000, 64_000, 1_000_000];

/** Bytes that arrive of an answer through the VIP, within 10 s. */
async function download(net: Network, family: 4 | 6, bytes: number): Promise<number> {
  const url = `https://${VIPS[family]}:6443/large?bytes=${bytes}`;
  const { stdout } = await net.worker.run([
    'curl',
    '-skg',
    '-m',
    '10',
    '-o',
    '/dev/null',
    '-w',
    '%{size_download}',
    url,
  ]);
  return Number(stdout);
}

/** The masters' network takes 9000 bytes; the link of the node takes `mtu`, and drops what is larger without a word. */
async function setMtu(net: Network, masters: number, worker: number): Promise<void> {
  const { machine } = lab;
  const onSwitch = (...args: string[]) => machine.must(['ip', '-n', netns('switch'), 'link', 'set', ...args]);
  for (const { name } of net.masters) {
    // Packets as they are on a wire: a virtual cable passes segments of any size that are yet to be cut.
    const link = ['eth0', 'mtu', String(masters), 'gso_max_segs', '1'];
    await machine.must(['ip', '-n', netns(name), 'link', 'set', ...link]);
    await onSwitch(name, 'mtu', String(masters));
  }
  await onSwitch('br0', 'mtu', '9000');
  await onSwitch('w1', 'mtu', String(worker));
  await machine.must(['ip', '-n', netns('w1'), 'link', 'set', 'eth0', 'mtu', String(worker)]);
}

describe.each([4, 6] as const)('IPv%i: large answers arrive', family => {
  // The other family has them the other way round.
  const wide: [number, number] = [9000, 1500];
  const narrow: [number, number] = [1500, 1400];
  test.each(firstOrEvery(family === 4 ? [wide, narrow] : [narrow, wide]))(
    'masters with MTU %i, a node with %i',
    async (masters, worker) => {
      const net = await lab.network({ masters: 2 });
      await net.startApiservers({ family });
      await setMtu(net, masters, worker);
      expect((await net.worker.proxy(initArgs(net, { family }))).code).toBe(0);
      const mss = worker - (family === 4 ? 40 : 60);
      expect(await net.worker.localRoutes(family)).toMatch(new RegExp(`advmss ${mss}\\b`));
      const arrived = [];
      for (const size of SIZES) arrived.push(await download(net, family, size));
      expect(arrived).toEqual(SIZES);
      await net.worker.must([
        'ip',
        `-${family}`,
        'route',
        'change',
        'local',
        family === 4 ? VIP4 : VIP6,
        'dev',
        'lo',
        'table',
        'local',
        'proto',
        '66',
        'src',
        family === 4 ? net.worker.ipv4 : net.worker.ipv6,
      ]);
      expect(await download(net, family, 64_000), 'without it nothing large arrives').toBeLessThan(64_000);
      const { stdout } = await net.worker.proxy(['status', '--json']);
      const { verdict, problems } = JSON.parse(stdout);
      expect({ verdict, code: problems[0].code }).toEqual({ verdict: 'down', code: 'mtu-too-large' });
      expect((await net.worker.proxy(['sync'])).stdout).toContain(`MSS ${mss}`);
      expect(await download(net, family, 64_000)).toBe(64_000);
    },
  );
});

test('the link becomes narrower under the daemon: the route follows', async () => {
  const net = await lab.network({ masters: 2 });
  await net.startApiservers();
  const daemon = await startDaemon(lab.machine, net);
  await setMtu(net, 1500, 1400);
  await daemon.waitForLine(line => line.includes('MSS 1360'));
  expect(await download(net, 4, 1_000_000)).toBe(1_000_000);
});

test.each(firstOrEvery([4, 6] as const))(
  'IPv%i: a link further away is narrower than anybody knows: init says so, and --mtu puts it right',
  async family => {
    const net = await lab.network({ masters: 2 });
    await net.startApiservers({ family });
    const { worker } = net;
    // All believe in jumbo frames, one cable takes 1500 (1514 with the header of Ethernet), and nobody sends ICMP: a handshake fits, a list does not.
    await setMtu(net, 9000, 9000);
    const narrow = `table netdev narrow { chain out { type filter hook egress device "w1" priority 0; meta length > 1514 drop; }; }`;
    await lab.machine.must(['ip', 'netns', 'exec', netns('switch'), 'nft', narrow]);
    const init = await worker.proxy(initArgs(net, { family }));
    expect(init.stdout).toMatch(
      /^warning +connection through the VIP: .*connected, and no TLS within 4 s: .* smaller packets/m,
    );
    const again = await worker.proxy([...initArgs(net, { family }), '--mtu', '1500']);
    expect(again.stdout).toMatch(/^ok +connection through the VIP/m);
    const arrived = [];
    for (const size of SIZES) arrived.push(await download(net, family, size));
    expect(arrived).toEqual(SIZES);
    // It is kept: a sync takes it from the persisted set.
    await worker.must([
      'ip',
      `-${family}`,
      'route',
      'del',
      'local',
      family === 4 ? VIP4 : VIP6,
      'table',
      'local',
    ]);
    expect((await worker.proxy(['sync'])).code).toBe(0);
    expect(await worker.localRoutes(family)).toContain(`advmss ${1500 - (family === 4 ? 40 : 60)}`);
  },
);

test.each(firstOrEvery([6, 4] as const))(
  'IPv%i: a rule before that of table local leads past the route: told once, and what status prints is the fix',
  async family => {
    const net = await lab.network({ masters: 2 });
    await net.startApiservers({ family });
    const { worker } = net;
    const daemon = await startDaemon(lab.machine, net, { family });
    const ip = (...args: string[]) => worker.must(['ip', `-${family}`, ...args]);
    // As a VPN client does that wants all private addresses for itself.
    await ip('rule', 'add', 'pref', '10', 'to', family === 4 ? '10.99.0.0/16' : 'fd99::/64', 'lookup', '100');
    await ip('rule', 'add', 'pref', '20', 'lookup', 'local');
    await ip('rule', 'del', 'pref', '0');
    await ip('route', 'add', 'unreachable', 'default', 'table', '100');
    await daemon.waitForLine(line => line.includes('put it first: ip rule add pref 0 lookup local'));
    const before = daemon.stdout.length;
    const { passes } = await metricsOf(net);
    await eventually('three more passes', async () => (await metricsOf(net)).passes >= passes + 3);
    expect(daemon.stdout.slice(before), 'and nothing more').not.toMatch(/local route/);
    const { stdout } = await worker.proxy(['status', '--json']);
    const { verdict, problems } = JSON.parse(stdout);
    expect({ verdict, code: problems[0].code }).toEqual({ verdict: 'down', code: 'local-table-not-first' });
    await worker.must(problems[0].remedy.split(' '));
    expect(
      (await worker.requests({ vip: family === 4 ? VIP4 : VIP6, count: 2 })).map(({ ok }) => ok),
    ).toEqual([true, true]);
  },
);

async function metricsOf(net: Network): Promise<{ passes: number }> {
  const page = await net.worker.must(['curl', '-sf', '-m5', 'http://127.0.0.1:8004/metrics']);
  return { passes: Number(/^bkbcs_apiserverproxy_reconcile_duration_seconds_count (\d+)/m.exec(page)?.[1]) };
}

const MANAGEMENT = {
  4: { address: '192.168.99.10', length: 24, gateway: '192.168.99.1' },
  6: { address: 'fd00:99::10', length: 64, gateway: 'fd00:99::1' },
} as const;

/** The management network came first, and masters answer nobody there. Returns how the worker's own address comes back. */
async function managementFirst({ worker }: Network, family: 4 | 6 = 4): Promise<() => Promise<string>> {
  const { address, length, gateway } = MANAGEMENT[family];
  const own = family === 4 ? `${worker.ipv4}/24` : `${worker.ipv6}/64`;
  const ip = (...args: string[]) => worker.must(['ip', `-${family}`, ...args]);
  const nodad = family === 6 ? ['nodad'] : [];
  await ip('addr', 'del', own, 'dev', 'eth0');
  await ip('link', 'add', 'mgmt', 'type', 'dummy');
  await ip('link', 'set', 'mgmt', 'up');
  await ip('addr', 'add', `${address}/${length}`, 'dev', 'mgmt', ...nodad);
  await ip('route', 'replace', 'default', 'via', gateway, 'dev', 'mgmt');
  return () => ip('addr', 'add', own, 'dev', 'eth0', ...nodad);
}

test('without a daemon the source of before stays: status says so, and what it prints is the fix', async () => {
  const net = await lab.network({ masters: 2 });
  await net.startApiservers();
  const { worker } = net;
  const clusterNetworkComes = await managementFirst(net);
  await worker.proxy(initArgs(net));
  await clusterNetworkComes();
  const { stdout } = await worker.proxy(['status', '--json']);
  const { verdict, problems } = JSON.parse(stdout);
  expect({ verdict, code: problems[0].code }).toEqual({ verdict: 'down', code: 'source-unreachable' });
  const [, ...args] = problems[0].remedy.split(' ');
  expect((await worker.proxy(args)).code).toBe(0);
  expect((await worker.requests({ count: 2 })).map(({ ok }) => ok)).toEqual([true, true]);
});

test.each(firstOrEvery([4, 6] as const))(
  'IPv%i: the management network came first; then the cluster network: the source is chosen anew, old connections break',
  async family => {
    const net = await lab.network({ masters: 2 });
    await net.startApiservers({ family });
    const { worker } = net;
    const [vip, own] = family === 4 ? [VIP4, worker.ipv4] : [VIP6, worker.ipv6];
    const clusterNetworkComes = await managementFirst(net, family);
    await worker.proxy(initArgs(net, { family }));
    expect(await worker.localRoutes(family)).toMatch(
      new RegExp(`local ${vip} dev lo proto 66 .*src ${MANAGEMENT[family].address}`),
    );
    const daemon = await runDaemon(lab.machine, worker, { family }, 0);
    const waiting = await worker.spawn(['curl', '-skg', '-m', '60', `https://${VIPS[family]}:6443/version`]);
    await eventually('a client waits for an answer', async () =>
      (await worker.must(['ss', '-tnH', 'state', 'syn-sent', 'dst', VIPS[family]])).includes(
        MANAGEMENT[family].address,
      ),
    );
    await clusterNetworkComes();
    await daemon.waitForLine(line => line.includes(`source ${own}`));
    expect((await waiting.exited).code, 'its connection is broken, long before its time is over').not.toBe(
      28,
    );
    const requests = await worker.requests({ vip, count: 3 });
    expect(requests.map(({ ok }) => ok)).toEqual([true, true, true]);
  },
);

test('IPv6: a bridge of pods gets an address that is nearer to the VIP, and nothing changes', async () => {
  const net = await lab.network({ masters: 2 });
  await net.startApiservers({ family: 6 });
  const { worker } = net;
  expect((await worker.proxy(initArgs(net, { family: 6 }))).code).toBe(0);
  await worker.must(['ip', 'link', 'add', 'cni0', 'type', 'dummy']);
  await worker.must(['ip', 'addr', 'add', `${VIP6.split('::')[0]}:1::1/64`, 'dev', 'cni0', 'nodad']);
  await worker.must(['ip', 'link', 'set', 'cni0', 'up']);
  const requests = await worker.requests({ vip: VIP6, count: 3 });
  expect(requests.map(({ ok }) => ok)).toEqual([true, true, true]);
});
