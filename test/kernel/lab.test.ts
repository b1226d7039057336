// The lab itself: what scenarios rely on is true of the guest, of its network and of the stand-in apiservers.
import { expect, test } from 'vitest';
import { VIP4, VIP6 } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { useLab } from '../lab/lab.ts';
import type { Network } from '../lab/network.ts';
import { byMaster, wrongWindow } from '../lab/outcome.ts';

const lab = useLab();

/** A virtual server by hand, as design fact K3 has it: a local route, no address. */
async function virtualServer({ worker, masters }: Network, family: 4 | 6 = 4): Promise<void> {
  const [vip, prefix, target] =
    family === 4
      ? [`${VIP4}:6443`, `${VIP4}/32`, 'ipv4' as const]
      : [`[${VIP6}]:6443`, `${VIP6}/128`, 'ipv6' as const];
  const servers = masters.map(each => {
    const address = family === 4 ? each.ipv4 : `[${each.ipv6}]`;
    return `ipvsadm -a -t ${vip} -r ${address}:6443 -m -w 1`;
  });
  const script = [
    'modprobe ip_vs',
    'sysctl -qw net.ipv4.vs.expire_nodest_conn=1 net.ipv4.vs.conntrack=1',
    `ipvsadm -A -t ${vip} -s rr`,
    ...servers,
    `ip route replace local ${prefix} dev lo src ${worker[target]} table local`,
  ];
  await worker.must(['bash', '-ec', script.join('\n')]);
}

test('the kernel loads modules on demand and gives an exit status', async () => {
  expect(await lab.machine.must(['modprobe', 'ip_vs'])).toBe('');
  expect(await lab.machine.must(['cat', '/proc/sys/kernel/modprobe'])).toBe('/sbin/modprobe\n');
  expect(await lab.machine.run(['bash', '-c', 'cat; echo no >&2; exit 3'], { input: 'yes\n' })).toEqual({
    code: 3,
    signal: null,
    stdout: 'yes\n',
    stderr: 'no\n',
  });
  await expect(lab.machine.run(['sleep', '60'], { timeoutMs: 200 })).rejects.toThrow('not done after 200 ms');
  await expect(lab.machine.run(['no-such-program'])).rejects.toThrow('ENOENT');
});

test('files survive the way to the machine and back', async () => {
  await lab.machine.writeFile('/tmp/lab-file', 'ä\n', 0o600);
  expect(await lab.machine.readFile('/tmp/lab-file')).toBe('ä\n');
  expect(await lab.machine.must(['stat', '-c', '%a', '/tmp/lab-file'])).toBe('600\n');
});

test('a virtual IP made local by a route spreads fresh connections over all masters', async () => {
  const net = await lab.network({ masters: 3, defaultRoute: false });
  await net.startApiservers();
  await virtualServer(net);
  const outcomes = await net.worker.requests({ count: 30 });
  expect(byMaster(outcomes)).toEqual({ m1: 10, m2: 10, m3: 10 });
  expect(new Set(outcomes.map(({ client }) => client))).toEqual(new Set([`::ffff:${net.worker.ipv4}`]));
  expect(await net.worker.rules()).toContain('-A -t 10.99.0.1:6443 -s rr');
  expect(await net.worker.localRoutes()).toContain('local 10.99.0.1 dev lo');
});

test('IPv6 works in the same way', async () => {
  const net = await lab.network({ masters: 2, defaultRoute: false });
  await net.startApiservers({ family: 6 });
  await virtualServer(net, 6);
  expect(byMaster(await net.worker.requests({ vip: VIP6, count: 6 }))).toEqual({ m1: 3, m2: 3 });
});

test('after a power loss fresh connections time out until the master is deleted, and it can come back', async () => {
  const net = await lab.network({ masters: 2 });
  await net.startApiservers();
  await virtualServer(net);
  const fresh = await net.worker.client('fresh');
  const lost = await net.now();
  await net.powerLoss(net.master(1));
  const failed = await fresh.waitFor(({ ok }) => !ok);
  expect(failed.error).toMatch(/TIMEOUT|EHOSTUNREACH/);
  await net.worker.must(['ipvsadm', '-d', '-t', `${VIP4}:6443`, '-r', `${net.master(1).ipv4}:6443`]);
  const deleted = await net.now();
  await fresh.waitFor(({ ok, at }) => ok && at > deleted);
  const outcomes = await fresh.stop();
  expect(wrongWindow(outcomes)?.from).toBeGreaterThanOrEqual(lost - 1_000);
  expect(wrongWindow(outcomes.filter(({ at }) => at > deleted))).toBeUndefined();
  await net.powerBack(net.master(1));
  await eventually(
    'ping',
    async () => (await net.worker.run(['ping', '-c1', '-W1', net.master(1).ipv4])).code === 0,
  );
});

test('a busy client is reset when its master is deleted; an idle one notices nothing', async () => {
  const net = await lab.network({ masters: 1 });
  await net.startApiservers();
  await virtualServer(net);
  const busy = await net.worker.client('busy');
  const idle = await net.worker.client('idle');
  await net.worker.must(['ipvsadm', '-d', '-t', `${VIP4}:6443`, '-r', `${net.master(1).ipv4}:6443`]);
  expect((await busy.waitFor(({ ok }) => !ok)).error).toMatch(/ECONNRESET|ECONNREFUSED/);
  expect((await idle.stop()).length).toBe(1);
});

test('total packet loss looks like silence, none like before', async () => {
  const net = await lab.network({ masters: 1 });
  const ping = ['ping', '-c1', '-W1', net.master(1).ipv4];
  await net.packetLoss(net.master(1), 100);
  expect((await net.worker.run(ping)).code).toBe(1);
  await net.packetLoss(net.master(1), 0);
  expect((await net.worker.run(ping)).code).toBe(0);
});

test('the stand-in does as it is told, counts, and can crash and hang', async () => {
  const net = await lab.network({ masters: 1 });
  await net.startApiservers();
  const m1 = net.master(1);
  const get = async (path: string) => {
    const url = `https://${m1.ipv4}:6443${path}`;
    const argv = [
      'curl',
      '-s',
      '-m2',
      '--cacert',
      `${lab.machine.labDirectory}/pki/ca.crt`,
      '-w',
      ' %{http_code}',
      url,
    ];
    const { code, stdout } = await net.worker.run(argv);
    return code === 0 ? stdout : `curl: ${code}`;
  };
  expect(await get('/readyz')).toBe('ok 200');
  await m1.control({ readyz: 500 });
  expect(await get('/readyz')).toBe('not ok 500');
  expect(await get('/livez')).toBe('ok 200');
  expect(await get('/version')).toContain('"gitVersion":"v1.36.0"');
  await m1.control({ token: 'secret' });
  expect(await get('/readyz')).toContain(' 401');
  await m1.control({ hang: true, token: null });
  expect(await get('/readyz')).toBe('curl: 28');
  const counters = await m1.control({ hang: false });
  expect(counters).toMatchObject({ handshakes: 6, requests: { '/readyz': 4, '/livez': 1, '/version': 1 } });
  m1.apiserver.kill('SIGSTOP');
  expect(await get('/readyz')).toBe('curl: 28');
  m1.apiserver.kill('SIGCONT');
  await m1.control({ readyz: 200, gracefulMs: 3_000 });
  m1.apiserver.kill('SIGTERM');
  await eventually('not ready', async () => (await get('/readyz')) === 'not ok 500');
  expect(await get('/livez')).toBe('ok 200');
  await m1.apiserver.exited;
  expect(await get('/readyz')).toBe('curl: 7');
});

test('the stand-in lists, watches, forgets and fails as the Kubernetes API does', async () => {
  const net = await lab.network({ masters: 1 });
  await net.startApiservers();
  const m1 = net.master(1);
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  const query = '?labelSelector=kubernetes.io/service-name%3Dkubernetes';
  const curl = (path: string) => [
    ...['curl', '-sN', '-m20', '--cacert', `${lab.machine.labDirectory}/pki/ca.crt`],
    `https://${m1.ipv4}:6443${path}`,
  ];
  const list = JSON.parse(await net.worker.must(curl(slices + query)));
  expect(list.items[0]).toMatchObject({
    endpoints: [{ addresses: [m1.ipv4], conditions: { ready: true } }],
    ports: [{ name: 'https', port: 6443 }],
  });
  const version = list.metadata.resourceVersion;
  const path = `${slices}${query}&watch=1&allowWatchBookmarks=true&resourceVersion=${version}`;
  const watch = await net.worker.spawn(curl(path));
  await eventually('watch', async () => (await m1.counters()).watches === 1);
  await net.setEndpoints(['10.77.0.12', '10.77.0.13']);
  expect(await watch.waitForLine(line => line.includes('"MODIFIED"'))).toContain('"10.77.0.13"');
  await m1.control({ bookmark: true });
  await watch.waitForLine(line => line.includes('"BOOKMARK"'));
  await m1.control({ gone: true });
  expect(await watch.waitForLine(line => line.includes('"ERROR"'))).toContain('"code":410');
  expect((await watch.exited).code).toBe(0);
  expect(await net.worker.must(curl(path))).toContain('"code":410');

  const nodes = JSON.parse(await net.worker.must(curl('/api/v1/nodes')));
  expect(nodes.items.map((node: { metadata: { name: string } }) => node.metadata.name)).toEqual([
    'node-1',
    'node-2',
  ]);
  await m1.control({ fail: { endpointslices: 'missing', nodes: 'forbidden' } });
  expect(await net.worker.must(curl(slices + query))).toContain('"code":404');
  expect(await net.worker.must(curl('/api/v1/nodes'))).toContain('"code":403');
  const endpoints = JSON.parse(
    await net.worker.must(curl('/api/v1/namespaces/default/endpoints/kubernetes')),
  );
  expect(endpoints.subsets[0].addresses).toEqual([{ ip: '10.77.0.12' }, { ip: '10.77.0.13' }]);
});
