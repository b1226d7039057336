// Somebody else changes the kernel, the daemon dies or starts in a bad moment, probes get lost: the rules stay right.
import { expect, test } from 'vitest';
import { VIP4 } from '../lab/addresses.ts';
import { eventually, SLOWNESS } from '../lab/bounded.ts';
import { EVERY_SCENARIO } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import type { LabProcess } from '../lab/machine.ts';
import { type Outcome, wrongWindow } from '../lab/outcome.ts';
import { runDaemon, startClients, startDaemon, weights } from './daemon-helpers.ts';
import { initArgs, nodeState } from './helpers.ts';

const lab = useLab();

test('D7 the tables are emptied by hand: virtual server and real servers are back, open connections are broken', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const daemon = await startDaemon(lab.machine, net);
  const { fresh, busy, idle } = await startClients(net);
  const before = await net.worker.rules();
  const emptiedAt = await net.now();
  await net.worker.must(['ipvsadm', '-C']);
  await eventually(
    'the same rules',
    async () => sortedLines(await net.worker.rules()) === sortedLines(before),
  );
  const tookMs = (await net.now()) - emptiedAt;
  // The kernel has forgotten both connections with the virtual server; nothing would tell the idle one.
  const brokenBusy = await busy.waitFor(({ ok }) => !ok);
  const brokenIdle = await idle.waitFor(({ ok }) => !ok);
  const after = ({ at, ms }: Outcome): number => Math.round(at + ms - emptiedAt);
  console.log(
    `D7 rules back after ${Math.round(tookMs)} ms; busy broken after ${after(brokenBusy)} ms, idle after ${after(brokenIdle)} ms`,
  );
  expect(tookMs).toBeLessThanOrEqual(10_000 * SLOWNESS);
  expect(after(brokenBusy)).toBeLessThanOrEqual(8_000 * SLOWNESS);
  expect(after(brokenIdle)).toBeLessThanOrEqual(8_000 * SLOWNESS);
  await fresh.waitFor(({ ok, at }) => ok && at > emptiedAt + tookMs);
  expect(daemon.stdout).toContain('repaired: add virtual server 10.99.0.1:6443');
  expect(daemon.stdout).toContain('that no real server served');
});

test('D8 the route, a weight, a real server, the scheduler: each is repaired, and foreign rules stay', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await net.worker.must(['bash', '-ec', 'modprobe ip_vs; ipvsadm -A -t 10.96.0.1:443 -s rr']);
  await startDaemon(lab.machine, net);
  const before = await nodeState(net.worker);
  const m1 = `${net.master(1).ipv4}:6443`;
  const damages = [
    `ip route del local ${VIP4} table local`,
    `ipvsadm -e -t ${VIP4}:6443 -r ${m1} -m -w 7`,
    `ipvsadm -d -t ${VIP4}:6443 -r ${m1}`,
    `ipvsadm -a -t ${VIP4}:6443 -r 10.77.0.99:6443 -m`,
    `ipvsadm -E -t ${VIP4}:6443 -s wlc`,
    'sysctl -qw net.ipv4.vs.expire_nodest_conn=0',
  ];
  for (const damage of damages) {
    const damagedAt = await net.now();
    await net.worker.must(['bash', '-ec', damage]);
    await eventually(damage, async () => sorted(await nodeState(net.worker)) === sorted(before));
    const tookMs = (await net.now()) - damagedAt;
    console.log(`D8 ${damage}: repaired after ${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThanOrEqual(6_000 * SLOWNESS);
  }
});

/** Real servers in whatever order: the kernel lists the newest first. */
function sorted(state: Record<string, string>): string {
  return sortedLines(Object.values(state).join('\n'));
}

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n');
}

test('D12 401 on every health path: all stay ready', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await Promise.all(net.masters.map(master => master.control({ token: 'secret' })));
  await startDaemon(lab.machine, net);
  expect(Object.values(await weights(net.worker))).toEqual([1, 1, 1]);
});

const KILLS = EVERY_SCENARIO ? 50 : 8;
test(`D13 daemons are killed ${KILLS} times while masters flap: rules and persisted files stay valid`, async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  // Two nodes at once, which takes half of the time.
  const nodes = await Promise.all(
    [net.worker, net.gateway].map(async host => {
      const persist = ['--persist-dir', `/root/.bcs/${host.name}`];
      expect(await host.proxy([...initArgs(net), ...persist])).toMatchObject({ code: 0 });
      const start = (ready: number) => runDaemon(lab.machine, host, { args: persist }, ready);
      return { host, start, daemon: await start(3) };
    }),
  );
  for (let round = 1; round <= KILLS / 2; round += 1) {
    const master = net.master((round % 3) + 1);
    await master.control({ readyz: round % 2 === 0 ? 200 : 500 });
    await Promise.all(
      nodes.map(async node => {
        node.daemon.kill('SIGKILL');
        await node.daemon.exited;
        const kernel = Object.values(await weights(node.host));
        expect(kernel.length, `round ${round}`).toBeGreaterThan(0);
        expect(Math.max(...kernel), `round ${round}`).toBe(1);
        const persisted = await lab.machine.readFile(`/root/.bcs/${node.host.name}/ipvsConfig.yaml`);
        expect(persisted).toMatch(/^vs: 10\.99\.0\.1:6443$/m);
        node.daemon = await node.start(0);
        // A random moment of its life, between its start and its first decisions.
        await linesOf(node.daemon, Math.floor(Math.random() * 4));
      }),
    );
  }
  for (const master of net.masters) await master.control({ readyz: 200 });
  for (const { host } of nodes) {
    await eventually(`all masters serve ${host.name} again`, async () => {
      const kernel = Object.values(await weights(host));
      return kernel.length === 3 && kernel.every(weight => weight === 1);
    });
  }
});

/** Until it has written so many lines, or 3 s have passed, or it has ended. */
async function linesOf(daemon: LabProcess, count: number): Promise<void> {
  if (count === 0) return;
  let seen = 0;
  await Promise.race([
    daemon.waitForLine(() => ++seen === count, 3_000).catch(() => undefined),
    daemon.exited,
  ]);
}

test('D14 stopping leaves the rules; starting with a dead master or with empty tables is right within seconds', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const first = await startDaemon(lab.machine, net);
  const before = await nodeState(net.worker);
  first.kill('SIGTERM');
  expect((await first.exited).code).toBe(0);
  expect(await nodeState(net.worker)).toEqual(before);

  net.master(2).apiserver.kill('SIGKILL');
  const dead = await net.now();
  const second = await runDaemon(lab.machine, net.worker, {}, 2);
  await eventually('the dead master is out', async () => Object.keys(await weights(net.worker)).length === 2);
  console.log(
    `D14 started with a dead master: right after ${Math.round((await net.now()) - dead)} ms, start-up included`,
  );
  second.kill('SIGINT');
  expect((await second.exited).code).toBe(0);

  await net.worker.must(['bash', '-ec', `ipvsadm -C; ip route del local ${VIP4} table local`]);
  const emptied = await net.now();
  await runDaemon(lab.machine, net.worker, {}, 2);
  await eventually('the living serve', async () => Object.keys(await weights(net.worker)).length === 2);
  console.log(
    `D14 started with empty tables: right after ${Math.round((await net.now()) - emptied)} ms, start-up included`,
  );
  expect(wrongWindow(await net.worker.requests({ count: 10 }))).toBeUndefined();
});

test('D14 started with all masters dead it is never empty', async () => {
  const net = await lab.network({ masters: 3 });
  await net.worker.proxy(initArgs(net));
  await net.worker.must(['ipvsadm', '-C']);
  const daemon = await runDaemon(lab.machine, net.worker, {}, 0);
  await daemon.waitForLine(line => line.includes('holding the last known good set'));
  expect(Object.values(await weights(net.worker))).toEqual([1, 1, 1]);
});

test('SIGHUP reads the configuration again; one that is wrong is refused and the old one goes on', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net));
  const write = (text: string): Promise<void> => lab.machine.writeFile('/tmp/proxy.yaml', text);
  await write('vs: 10.99.0.1:6443\nscheduler: sh\n');
  const daemon = await runDaemon(lab.machine, net.worker, { args: ['-f', '/tmp/proxy.yaml'] }, 3);
  await write('vs: 10.99.0.1:6443\nschedular: rr\n');
  daemon.kill('SIGHUP');
  await daemon.waitForLine(
    line => line.includes('was not reloaded') && line.includes('did you mean scheduler'),
  );
  await write('vs: 10.99.0.1:6443\nscheduler: rr\n');
  daemon.kill('SIGHUP');
  await daemon.waitForLine(line => line.includes('from sh to rr'));
  expect(await net.worker.rules()).toContain('-A -t 10.99.0.1:6443 -s rr');
  expect(Object.values(await weights(net.worker))).toEqual([1, 1, 1]);
  daemon.kill('SIGTERM');
  expect((await daemon.exited).code).toBe(0);
});

test('metrics, health and status are served on loopback, and a taken port is no obstacle', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await startDaemon(lab.machine, net);
  const get = (path: string): Promise<string> =>
    net.worker.must(['curl', '-sf', '-m5', `http://127.0.0.1:8004${path}`]);
  expect(await get('/healthz')).toBe('ok\n');
  expect(await get('/readyz')).toBe('ok\n');
  expect(await get('/metrics')).toContain(
    `bkbcs_apiserverproxy_up{real_server="${net.master(1).ipv4}:6443"} 1`,
  );
  expect(JSON.parse(await get('/status'))).toMatchObject({
    virtualServer: '10.99.0.1:6443',
    inKernel: true,
    held: false,
  });
  // With a directory of its own it does not wait for the lock of the first.
  const args = ['--persist-dir', '/root/.bcs/second'];
  const second = await runDaemon(lab.machine, net.worker, { args }, 3);
  await second.waitForLine(line =>
    line.includes('the HTTP server on 127.0.0.1:8004 does not work: the port is taken'),
  );
});
