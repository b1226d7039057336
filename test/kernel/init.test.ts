// The main job: after one command on a node that had nothing, its masters are reached through the VIP.
import { expect, test } from 'vitest';
import { VIP4, VIP6 } from '../lab/addresses.ts';
import { firstOrEvery, longTest } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import { byMaster, wrongWindow } from '../lab/outcome.ts';
import { movedFrom } from './daemon-helpers.ts';
import { initArgs, NODE_STATE, nodeState, vipOf } from './helpers.ts';

const lab = useLab();

test('after init every request through the VIP succeeds, rr uses all masters, and each sees the address of the node', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const init = await net.worker.proxy(initArgs(net, { scheduler: 'rr' }));
  expect(init).toMatchObject({ code: 0, stderr: '' });
  expect(init.stdout).toMatch(/^ok +connection through the VIP: answered by 10\.77\.0\.\d+:6443 in \d+ ms$/m);
  expect(init.stdout).toMatch(/^done: virtual server 10\.99\.0\.1:6443$/m);
  // No kubelet here, and the certificates name the VIP: a daemon is all that is missing.
  expect(init.stdout).toMatch(
    /\nnext:\n {2}1 {2}run the daemon .*:\n {5}bcs-apiserver-proxy install-service --role daemon\n$/,
  );
  const outcomes = await net.worker.requests({ count: 30 });
  expect(byMaster(outcomes)).toEqual({ m1: 10, m2: 10, m3: 10 });
  expect(new Set(outcomes.map(({ client }) => client))).toEqual(new Set([`::ffff:${net.worker.ipv4}`]));
});

test('the same without a default route, with the default scheduler', async () => {
  const net = await lab.network({ masters: 3, defaultRoute: false });
  await net.startApiservers();
  expect(await net.worker.proxy(initArgs(net))).toMatchObject({ code: 0 });
  const outcomes = await net.worker.requests({ count: 12 });
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(12);
  expect(Object.keys(byMaster(outcomes)), 'sh: one node uses one master').toHaveLength(1);
});

test('the same with IPv6', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers({ family: 6 });
  const init = await net.worker.proxy(initArgs(net, { family: 6, scheduler: 'rr' }));
  expect(init).toMatchObject({ code: 0, stderr: '' });
  expect(init.stdout).toMatch(/answered by \[fd77::[0-9a-f]+\]:6443/);
  const outcomes = await net.worker.requests({ count: 12, vip: VIP6 });
  expect(byMaster(outcomes)).toEqual({ m1: 4, m2: 4, m3: 4 });
  expect(new Set(outcomes.map(({ client }) => client))).toEqual(new Set([net.worker.ipv6]));
});

test.each(firstOrEvery([6, 4] as const))(
  'the same on a master that is one of the real servers itself (IPv%i)',
  async family => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers({ family });
    const m1 = net.master(1);
    expect(await m1.proxy(initArgs(net, { family, scheduler: 'rr' }))).toMatchObject({ code: 0, stderr: '' });
    const outcomes = await m1.requests({ count: 12, vip: family === 4 ? VIP4 : VIP6 });
    expect(byMaster(outcomes)).toEqual({ m1: 4, m2: 4, m3: 4 });
  },
);

test('the same behind a stateful host firewall that accepts only established connections and loopback', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const rules = [
    'add table inet host',
    'add chain inet host input { type filter hook input priority 0; policy drop; }',
    'add rule inet host input ct state established,related accept',
    'add rule inet host input iif lo accept',
  ];
  await net.worker.must(['nft', '-f', '-'], { input: `${rules.join('\n')}\n` });
  expect(await net.worker.proxy(initArgs(net, { scheduler: 'rr' }))).toMatchObject({ code: 0 });
  expect(byMaster(await net.worker.requests({ count: 12 }))).toEqual({ m1: 4, m2: 4, m3: 4 });

  await net.worker.must(['sysctl', '-qw', 'net.ipv4.vs.conntrack=0']);
  const without = await net.worker.requests({ count: 2, timeoutMs: 2_000 });
  expect(
    without.filter(({ ok }) => ok),
    'without conntrack the firewall drops every reply',
  ).toEqual([]);
});

test('a second init changes nothing, and the tables are byte-identical', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net));
  const before = await nodeState(net.worker);
  const second = await net.worker.proxy(initArgs(net));
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(/^unchanged: virtual server 10\.99\.0\.1:6443$/m);
  expect(second.stdout).not.toMatch(/^changed/m);
  expect(await nodeState(net.worker)).toEqual(before);
});

test('a foreign virtual server and a foreign route are still there after init, sync and clean', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const foreign = [
    'modprobe ip_vs',
    'ipvsadm -A -t 10.96.0.1:443 -s rr',
    'ipvsadm -a -t 10.96.0.1:443 -r 10.77.0.99:443 -m',
    'ip route add local 10.96.0.1/32 dev lo table local',
    'ip route add blackhole 192.0.2.0/24',
  ];
  await net.worker.must(['bash', '-ec', foreign.join('\n')]);
  const before = await nodeState(net.worker);
  const contains = async (): Promise<void> => {
    const now = await nodeState(net.worker);
    for (const part of NODE_STATE) {
      for (const line of before[part].split('\n').filter(line => !line.startsWith('net.')))
        expect(now[part]).toContain(line);
    }
  };
  expect(await net.worker.proxy(initArgs(net))).toMatchObject({ code: 0 });
  await contains();
  expect(await net.worker.proxy(['sync', '--from', 'persisted'])).toMatchObject({ code: 0 });
  await contains();
  // Kernel parameters stay as they are for whoever has the other one.
  const { sysctls } = await nodeState(net.worker);
  const clean = await net.worker.proxy(['clean']);
  expect(clean).toMatchObject({ code: 0 });
  expect(clean.stdout).toContain('left as they are, for the virtual servers of others');
  expect(await nodeState(net.worker)).toEqual({ ...before, sysctls });
});

test('another scheduler and another set of real servers keep an established connection alive', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net, { masters: [1, 2] }));
  // Nothing here should break it: with a guest beside this one, an answer may take longer than a second.
  const busy = await net.worker.client('busy', { timeoutMs: 120_000 });
  const used = (await busy.waitFor(({ ok }) => ok)).master;
  const other = used === 'm1' ? 2 : 1;
  const kept = used === 'm1' ? 1 : 2;

  const scheduler = await net.worker.proxy(initArgs(net, { masters: [1, 2], scheduler: 'lc' }));
  expect(scheduler.stdout).toContain('change scheduler of virtual server 10.99.0.1:6443 from sh to lc');
  const servers = await net.worker.proxy(initArgs(net, { masters: [kept, 3], scheduler: 'lc' }));
  expect(servers.stdout).toContain(`add real server ${net.master(3).ipv4}:6443, weight 1`);
  expect(servers.stdout).toContain(
    `remove real server ${net.master(other).ipv4}:6443 (0 active connections)`,
  );
  const changedAt = await net.now();
  await busy.waitFor(({ ok, at }) => ok && at > changedAt);
  expect(wrongWindow(await busy.stop())).toBeUndefined();
});

test('a real server that leaves the set breaks its connections at once, idle ones, too; so does clean', async () => {
  const net = await lab.network({ masters: 2 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net, { masters: [1] }));
  const busy = await net.worker.client('busy', { timeoutMs: 120_000 });
  const idle = await net.worker.client('idle', { timeoutMs: 120_000 });
  const init = await net.worker.proxy(initArgs(net, { masters: [2] }));
  expect(init.stdout).toMatch(/break [12] connections? that no real server serves/);
  await busy.waitFor(movedFrom(net.master(1)));
  expect((await idle.waitFor(({ ok }) => !ok)).error).toBe('ECONNABORTED');
  await busy.stop();
  await idle.stop();
  const another = await net.worker.client('idle', { timeoutMs: 120_000 });
  expect(await net.worker.proxy(['clean', '--force'])).toMatchObject({ code: 0, stderr: '' });
  expect((await another.waitFor(({ ok }) => !ok)).error).toBe('ECONNABORTED');
});

test('sync --from persisted rebuilds everything after the tables were emptied, without any master being up', async () => {
  const net = await lab.network({ masters: 3 });
  const init = await net.worker.proxy(initArgs(net));
  expect(init.code, 'masters that do not answer are a warning').toBe(0);
  expect(init.stdout).toMatch(
    /^warning +connection through the VIP: no master answered through 10\.99\.0\.1:6443 \(ECONNREFUSED\)/m,
  );
  const before = await nodeState(net.worker);
  await net.worker.must(['bash', '-ec', `ipvsadm -C; ip route del local ${VIP4} table local`]);
  const dry = await net.worker.proxy(['sync', '--from', 'persisted', '--dry-run']);
  expect(dry).toMatchObject({ code: 2 });
  expect(dry.stdout).toContain('would add virtual server 10.99.0.1:6443, scheduler sh');
  expect(await net.worker.proxy(['sync', '--from', 'persisted'])).toMatchObject({ code: 0, stderr: '' });
  expect(await nodeState(net.worker)).toEqual(before);
  expect(await net.worker.proxy(['sync', '--dry-run'])).toMatchObject({ code: 0 });
});

test('sync uses the previous copy of a torn persisted file, goes on without a torn state file, and says so', async () => {
  const net = await lab.network({ masters: 3 });
  await net.worker.proxy(initArgs(net, { masters: [1, 2] }));
  await net.worker.proxy(initArgs(net, { masters: [1, 2, 3] }));
  await lab.machine.writeFile('/root/.bcs/ipvsConfig.yaml', '');
  await lab.machine.writeFile('/root/.bcs/state.json', '{');
  await net.worker.must(['sysctl', '-qw', 'net.ipv4.vs.expire_nodest_conn=0']);
  const sync = await net.worker.proxy(['sync', '--from', 'persisted']);
  expect(sync.code).toBe(0);
  expect(sync.stderr).toContain(
    '/root/.bcs/ipvsConfig.yaml cannot be used: it is empty; using /root/.bcs/ipvsConfig.yaml.prev',
  );
  expect(sync.stdout).toMatch(
    /^warning +kernel parameters: .*state\.json cannot be used: .*clean will not put/m,
  );
  expect(await net.worker.must(['sysctl', '-n', 'net.ipv4.vs.expire_nodest_conn'])).toBe('1\n');
});

test.each(firstOrEvery([4, 6] as const))(
  'clean leaves virtual server, route and parameters as before init (IPv%i)',
  async family => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers({ family });
    await net.worker.must(['modprobe', 'ip_vs']);
    const before = await nodeState(net.worker);
    await net.worker.proxy(initArgs(net, { family }));
    expect(await nodeState(net.worker)).not.toEqual(before);
    const clean = await net.worker.proxy(['clean', '--purge']);
    expect(clean).toMatchObject({ code: 0, stderr: '' });
    expect(await nodeState(net.worker)).toEqual(before);
    const left = await net.worker.run([
      'ls',
      '/root/.bcs',
      '/etc/modules-load.d/bcs-apiserver-proxy.conf',
      '/etc/sysctl.d/90-bcs-apiserver-proxy.conf',
    ]);
    expect(left.stdout).toBe('');
    expect(left.code).toBe(2);
  },
);

test('clean refuses while connections are open, and obeys --force', async () => {
  const net = await lab.network({ masters: 1 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net));
  const idle = await net.worker.client('idle');
  const refused = await net.worker.proxy(['clean']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('1 connection is open through 10.99.0.1:6443');
  expect(await net.worker.rules()).toContain(vipOf(4));
  expect(await net.worker.proxy(['clean', '--force'])).toMatchObject({ code: 0 });
  expect(await net.worker.rules()).toBe('');
  await idle.stop();
});

test('parameters that init did not change are not put back by clean', async () => {
  const net = await lab.network({ masters: 1 });
  await net.worker.must(['bash', '-ec', 'modprobe ip_vs; sysctl -qw net.ipv4.vs.conntrack=1']);
  await net.worker.proxy(initArgs(net));
  await net.worker.proxy(['clean']);
  expect(
    await net.worker.must(['sysctl', '-n', 'net.ipv4.vs.conntrack', 'net.ipv4.vs.expire_nodest_conn']),
  ).toBe('1\n0\n');
});

test('parameters that cannot be set hold back nothing: all else is made, and the exit code says that something is missing', async () => {
  const net = await lab.network({ masters: 1 });
  await net.startApiservers();
  // Read-only /proc/sys, as in an unprivileged container.
  const script = ['mount --bind /proc/sys /proc/sys', 'mount -o remount,ro,bind /proc/sys', 'exec "$@"'].join(
    '\n',
  );
  const argv = ['unshare', '-m', 'bash', '-ec', script, 'sh', lab.machine.binary, ...initArgs(net)];
  const init = await net.worker.run(argv);
  expect(init.code).toBe(1);
  expect(init.stderr).toContain('/proc/sys is read-only here');
  expect(init.stderr).toMatch(
    /^Changed: .*virtual server and real servers, local route of the VIP, persisted set\.$/m,
  );
  expect(init.stdout).toMatch(/^failed +kernel parameters: /m);
  expect(init.stdout).toMatch(/^ok +connection through the VIP: /m);
  expect(await lab.machine.readFile('/root/.bcs/ipvsConfig.yaml')).toContain(`vs: ${vipOf(4)}`);
});

longTest('status: degraded, down and cannot tell, with their exit codes', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const status = async (...argv: string[]) => {
    const { code, stdout } = await net.worker.proxy(['status', ...argv]);
    return { code, first: stdout.split('\n')[0] };
  };
  await net.worker.must(['modprobe', 'ip_vs']);
  expect(await status()).toEqual({ code: 2, first: 'DOWN  no virtual server was ever set up on this node' });
  await net.worker.proxy(initArgs(net));
  // Healthy is a node with a daemon: status.test.ts.
  expect(await status('--brief', '--no-probe')).toEqual({
    code: 1,
    first: expect.stringMatching(
      /^warning in daemon-not-running: no daemon runs here, .* \(and 1 more problem\)$/,
    ),
  });
  expect(await status('--no-probe', '--bundle', '/tmp/bundle.tar.gz')).toMatchObject({ code: 1 });
  const unpacked = await net.worker.must(['tar', '-xzOf', '/tmp/bundle.tar.gz']);
  for (const { ipv4 } of net.masters) expect(unpacked).toContain(`"address": "${ipv4}"`);
  // The table as the kernel prints it, and the name of the scheduler in the bytes of netlink.
  expect(unpacked).toMatch(/^TCP {2}0A630001:192B sh/m);
  expect(unpacked.replaceAll(/[<>\s]/g, '')).toContain(Buffer.from('sh\0').toString('hex'));
  // One of three is dead, and nobody takes it out: with rr every third connection finds it, and status says the same each time.
  await net.worker.proxy(initArgs(net, { scheduler: 'rr' }));
  net.master(2).apiserver.kill('SIGKILL');
  await net.master(2).apiserver.exited;
  for (let look = 0; look < 4; look += 1)
    expect(await status()).toEqual({ code: 1, first: expect.stringMatching(/^DEGRADED {2}/) });
  await net.worker.proxy(initArgs(net));
  await net.worker.must(['sysctl', '-qw', 'net.ipv4.vs.expire_nodest_conn=0']);
  expect(await status('--no-probe')).toMatchObject({ code: 1 });
  await net.worker.must(['ip', 'route', 'del', 'local', VIP4, 'table', 'local']);
  // There is a default route here, on which IPVS meets the connections as well.
  expect((await status()).first).toMatch(/^DEGRADED {2}the local route of 10\.99\.0\.1 is missing/);
  await net.worker.must(['ipvsadm', '-C']);
  expect((await status('--no-probe')).first).toBe('DOWN  virtual server 10.99.0.1:6443 is not in the kernel');
  const nobody = [
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    '--inh-caps=-all',
    lab.machine.binary,
  ];
  await net.worker.proxy(['sync', '--from', 'persisted']);
  expect((await status('--brief', '--no-probe')).first).toMatch(/^warning in daemon-not-running:/);
  // /root itself is closed to others.
  await net.worker.must(['install', '-m755', lab.machine.binary, '/tmp/proxy']);
  const unprivileged = await net.worker.run([
    ...nobody.slice(0, -1),
    '/tmp/proxy',
    'status',
    '--no-probe',
    '--vs',
    '10.99.0.1:6443',
  ]);
  expect(unprivileged.code).toBe(3);
  const unnamed = await net.worker.run([...nobody.slice(0, -1), '/tmp/proxy', 'status', '--no-probe']);
  expect(unnamed).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/^UNKNOWN {2}reading IPVS needs root/),
  });
});

test('a kernel without IPVS: init names the module, the package and the remedy, and changes nothing', async () => {
  const net = await lab.network({ masters: 1 });
  const hide = 'mount -t tmpfs none /lib/modules; mount -t tmpfs none /sys/module; exec "$@"';
  const argv = ['unshare', '-m', 'bash', '-ec', hide, 'sh', lab.machine.binary, ...initArgs(net)];
  const init = await net.worker.run(argv);
  expect(init.code).toBe(1);
  expect(init.stderr).toContain('kernel module ip_vs cannot be loaded');
  expect(init.stderr).toContain('linux-image-$(uname -r) on Debian');
  expect(init.stderr).toContain('Changed: nothing.');
});
