// Nodes with two uplinks, with pods of their own, and far away from their masters.
import { expect, test } from 'vitest';
import { VIP4, VIP6 } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { firstOrEvery } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import type { Network } from '../lab/network.ts';
import { netns } from '../lab/topology.ts';
import { movedFrom, startDaemon, weights } from './daemon-helpers.ts';
import { initArgs, realServerOf } from './helpers.ts';

const lab = useLab();

const VIPS = { 4: VIP4, 6: VIP6 } as const;

/** A second cable from the worker to the masters' switch, with an address of its own. */
async function secondUplink(net: Network, address: string): Promise<void> {
  const { machine } = lab;
  const cable = ['link', 'add', 'w1b', 'type', 'veth', 'peer', 'name', 'eth1', 'netns', netns('w1')];
  await machine.must(['ip', '-n', netns('switch'), ...cable]);
  await machine.must(['ip', '-n', netns('switch'), 'link', 'set', 'w1b', 'master', 'br0', 'up']);
  await net.worker.must(['ip', 'link', 'set', 'eth1', 'up']);
  await net.worker.must(['ip', 'addr', 'add', address, 'dev', 'eth1', 'nodad']);
}

test.each(firstOrEvery([4, 6] as const))(
  'IPv%i: the first of two uplinks goes down: the source is that of the second, and connections of the first break',
  async family => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers({ family });
    const { worker } = net;
    const [second, length] = family === 4 ? ['10.77.0.110', 24] : ['fd77::110', 64];
    const daemon = await startDaemon(lab.machine, net, { family });
    const busy = await worker.client('busy', { vip: VIPS[family], timeoutMs: 120_000 });
    const { master } = await busy.waitFor(({ ok }) => ok);
    const used = net.masters.find(({ name }) => name === master);
    if (used === undefined) throw new Error('nobody answered');
    await secondUplink(net, `${second}/${length}`);
    await worker.must(['ip', 'link', 'set', 'eth0', 'down']);
    await daemon.waitForLine(line => line.includes(`source ${second}`));
    await busy.waitFor(
      outcome => !outcome.ok || movedFrom(used)(outcome) || outcome.client?.endsWith(second) === true,
    );
    await busy.stop();
    const answers = await worker.requests({ vip: VIPS[family], count: 3 });
    expect(answers.map(({ ok, client }) => [ok, client?.replace('::ffff:', '')])).toEqual(
      Array(3).fill([true, second]),
    );
  },
);

const PODS = {
  4: {
    gateway: '10.244.0.1',
    address: '10.244.0.2',
    length: 24,
    network: '10.244.0.0/24',
    table: 'ip',
    filters: [0, 1, 2],
  },
  6: {
    gateway: 'fd00:244::1',
    address: 'fd00:244::2',
    length: 64,
    network: 'fd00:244::/64',
    table: 'ip6',
    filters: [0],
  },
} as const;

test.each(firstOrEvery([4, 6] as const))(
  'IPv%i: pods of the node reach the VIP: masqueraded, or with a way back by way of the node; and otherwise not',
  async family => {
    const net = await lab.network({ masters: 2 });
    await net.startApiservers({ family });
    const { worker } = net;
    const { machine } = lab;
    const { gateway, address, length, network, table, filters } = PODS[family];
    expect((await worker.proxy(initArgs(net, { family }))).code).toBe(0);
    const pod = 'lab-pod';
    await machine.must(['bash', '-ec', `ip netns add ${pod}; ip -n ${pod} link set lo up`]);
    try {
      const inPod = (...args: string[]) => machine.must(['ip', '-n', pod, ...args]);
      await worker.must(['ip', 'link', 'add', 'cni0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod]);
      await worker.must(['ip', 'link', 'set', 'cni0', 'up']);
      await inPod('link', 'set', 'eth0', 'up');
      const nodad = family === 6 ? ['nodad'] : [];
      await worker.must(['ip', 'addr', 'add', `${gateway}/${length}`, 'dev', 'cni0', ...nodad]);
      await inPod('addr', 'add', `${address}/${length}`, 'dev', 'eth0', ...nodad);
      await inPod('route', 'add', 'default', 'via', gateway);
      const forward = family === 4 ? 'net.ipv4.ip_forward=1' : 'net.ipv6.conf.all.forwarding=1';
      await worker.must(['sysctl', '-qw', forward]);
      const vip = family === 4 ? VIP4 : `[${VIP6}]`;
      const whoAmI = async (): Promise<string> => {
        const curl = ['curl', '-skg', '-m', '5', `https://${vip}:6443/whoami`];
        const { stdout } = await machine.run(['ip', 'netns', 'exec', pod, ...curl]);
        return stdout === '' ? 'nothing' : JSON.parse(stdout).client.replace('::ffff:', '');
      };
      const withEachFilter = async (expected: string): Promise<void> => {
        for (const filter of filters) {
          await worker.must(['sysctl', '-qw', `net.ipv4.conf.all.rp_filter=${filter}`]);
          expect(await whoAmI(), `rp_filter ${filter}`).toBe(expected);
        }
      };
      // The masters know no way to pods.
      await withEachFilter('nothing');
      const chain = `type nat hook postrouting priority srcnat; ${table} saddr ${network} ${table} daddr != ${network} masquerade;`;
      await worker.must(['nft', `table ${table} cni { chain postrouting { ${chain} }; }`]);
      await withEachFilter(family === 4 ? worker.ipv4 : worker.ipv6);
      await worker.must(['nft', 'delete', 'table', table, 'cni']);
      const via = family === 4 ? worker.ipv4 : worker.ipv6;
      for (const master of net.masters)
        await master.must(['ip', `-${family}`, 'route', 'add', network, 'via', via]);
      await withEachFilter(address);
    } finally {
      await machine.must(['ip', 'netns', 'del', pod]);
    }
  },
);

test.each(firstOrEvery([6, 4] as const))(
  'IPv%i: round trips of 400 ms: nobody is taken for dead who lives, who dies is taken out, and status says what it is',
  async family => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers({ family });
    const { worker } = net;
    expect((await worker.proxy(initArgs(net, { family }))).code).toBe(0);
    await worker.must(['tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'netem', 'delay', '400ms']);
    await startDaemon(lab.machine, net, { family });
    const rules = await worker.rules();
    const { stdout } = await worker.proxy(['status', '--json']);
    const { verdict, problems } = JSON.parse(stdout);
    const codes: string[] = problems.map(({ code }: { code: string }) => code);
    expect(verdict).not.toBe('down');
    expect(codes).toContain('long-round-trips');
    expect(codes).not.toContain('real-server-down');
    expect(await worker.rules()).toBe(rules);
    await net.powerLoss(net.master(2));
    await eventually('it is out', async () => !(realServerOf(net, 2, family) in (await weights(worker))));
    expect(Object.keys(await weights(worker))).toHaveLength(2);
  },
);
