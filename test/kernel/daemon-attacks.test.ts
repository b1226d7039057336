// What others do to a node: discovery that names nonsense, a kernel that refuses a step, a second daemon, users without
// rights. Each with the packed binary.
import { expect, test } from 'vitest';
import { VIP4 } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { longTest } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import { wrongWindow } from '../lab/outcome.ts';
import { measureFault, runDaemon, startClients, startDaemon, weights } from './daemon-helpers.ts';
import { initArgs, nodeState, realServerOf, trackConnections } from './helpers.ts';

const lab = useLab();
const AS_NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

test('discovery names the VIP, this host, loopback, multicast: each is ignored and told once, the masters stay', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const daemon = await startDaemon(lab.machine, net);
  const before = await net.worker.rules();
  const bad = [VIP4, '0.0.0.0', '127.0.0.1', '224.0.0.1', net.worker.ipv4];
  for (const address of bad) {
    await net.setEndpoints([address]);
    await daemon.waitForLine(line => line.includes(address) && line.includes('ignored'));
    await net.setEndpoints([...net.masters.map(({ ipv4 }) => ipv4), address]);
  }
  expect(wrongWindow(await net.worker.requests({ count: 10 }))).toBeUndefined();
  expect(await net.worker.rules()).toBe(before);
});

test('a scheduler that cannot be loaded holds back nothing: a dead master is taken out', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net));
  // As in a container: this one cannot be loaded, neither by us nor by the kernel itself.
  const refusal = '/etc/modprobe.d/refused.conf';
  await lab.machine.writeFile(refusal, 'install ip_vs_lblcr /bin/false\n');
  try {
    const daemon = await runDaemon(lab.machine, net.worker, { args: ['--scheduler', 'lblcr'] }, 3);
    await daemon.waitForLine(line => line.includes('could not change scheduler'));
    net.master(2).apiserver.kill('SIGKILL');
    await eventually(
      'the dead master is out',
      async () => !(realServerOf(net, 2) in (await weights(net.worker))),
    );
    expect(wrongWindow(await net.worker.requests({ count: 10 }))).toBeUndefined();
  } finally {
    await lab.machine.must(['rm', refusal]);
  }
});

test('two daemons with different sets: the second waits, says for whom, and takes over when the first is killed', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const first = await startDaemon(lab.machine, net);
  const before = await net.worker.rules();
  const second = await net.worker.startProxy([
    ...['daemon', '--vs', `${VIP4}:6443`, '--discovery', 'static', '--rs', realServerOf(net, 1)],
    ...['--listen', '127.0.0.1:8005'],
  ]);
  await second.waitForLine(line => line.includes('another daemon keeps 10.99.0.1:6443'));
  const get = async (path: string): Promise<string> =>
    net.worker.must(['curl', '-s', '-m5', `http://127.0.0.1:8005${path}`]);
  await eventually('it is alive', async () => (await get('/healthz')) === 'ok\n');
  expect(await get('/readyz')).toContain('another daemon keeps virtual server 10.99.0.1:6443');
  const status = await net.worker.proxy(['status', '--json']);
  expect(JSON.stringify(JSON.parse(status.stdout))).toContain('two-daemons');
  expect(await net.worker.rules()).toBe(before);
  first.kill('SIGKILL');
  await eventually(
    'the set of the second',
    async () => Object.keys(await weights(net.worker)).join() === realServerOf(net, 1),
  );
});

test('clean --vs A, as init --vs B recommends it, takes A away and nothing of B', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const other = '10.99.0.2:6443';
  const args = initArgs(net);
  expect(await net.worker.proxy(args.map(arg => (arg === `${VIP4}:6443` ? other : arg)))).toMatchObject({
    code: 0,
  });
  const init = await net.worker.proxy(args);
  expect(init.stdout).toContain(`bcs-apiserver-proxy clean --vs ${other}`);
  const files = [
    '/etc/modules-load.d/bcs-apiserver-proxy.conf',
    '/root/.bcs/ipvsConfig.yaml',
    '/root/.bcs/state.json',
  ];
  const read = () => Promise.all(files.map(file => lab.machine.readFile(file)));
  const [contents, { sysctls }] = [await read(), await nodeState(net.worker)];
  expect(await net.worker.proxy(['clean', '--vs', other])).toMatchObject({ code: 0 });
  const now = await nodeState(net.worker);
  expect(now.rules).not.toContain(other);
  expect(now.rules).toContain(`-A -t ${VIP4}:6443`);
  expect(now.routes).not.toContain('local 10.99.0.2 ');
  expect(now.routes).toContain(`local ${VIP4} `);
  expect(now.sysctls).toBe(sysctls);
  expect(await read()).toEqual(contents);
  expect(await net.worker.proxy(['clean'])).toMatchObject({ code: 0 });
  expect((await nodeState(net.worker)).rules).not.toContain(VIP4);
});

test("nobody's process that calls itself kubelet gets no secret out of root's status", async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net));
  const trap = 19_443;
  await lab.machine.must([
    'bash',
    '-ec',
    `umask 077; printf the-root-only-secret > /root/secret; mkdir -p -m 755 /tmp/trap
     cat > /tmp/trap/kubeconfig <<END
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:${trap}", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {tokenFile: /root/secret}}]
END
     chmod 644 /tmp/trap/kubeconfig
     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /tmp/trap/key -out /tmp/trap/crt -subj /CN=trap -days 2 2>/dev/null
     chmod 644 /tmp/trap/key /tmp/trap/crt`,
  ]);
  // Without an end of its input it prints what it is sent.
  const listen = `sleep 600 | openssl s_server -accept ${trap} -cert /tmp/trap/crt -key /tmp/trap/key`;
  const server = await net.worker.spawn([...AS_NOBODY, 'bash', '-c', listen]);
  await server.waitForLine(line => line.includes('ACCEPT'));
  const header = 'Authorization: Bearer what-it-is-sent';
  await net.worker.run(['curl', '-sk', '-m5', '-H', header, `https://127.0.0.1:${trap}/`]);
  await eventually('the trap shows what it is sent', async () => server.stdout.includes('what-it-is-sent'));
  const kubelet = await net.worker.spawn([
    ...AS_NOBODY,
    ...['bash', '-c', 'exec -a "$0" sleep 600', 'kubelet --kubeconfig=/tmp/trap/kubeconfig'],
  ]);
  const pretender = await net.worker.spawn([
    ...AS_NOBODY,
    ...['perl', '-e', '$0 = "kubelet"; sleep 600', '--', '--kubeconfig=/tmp/trap/kubeconfig'],
  ]);
  for (const _ of [1, 2]) await net.worker.proxy(['status', '--wide']);
  expect(`${server.stdout}`).not.toContain('the-root-only-secret');
  for (const process of [server, kubelet, pretender]) process.kill('SIGKILL');
});

test('a user without rights cannot take liveness away: idle connections, and requests whose answers nobody reads', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const daemon = await startDaemon(lab.machine, net);
  const flood = `
    use IO::Socket::INET; $SIG{PIPE} = 'IGNORE';
    my @open = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1:8004") } 1 .. 1000;
    for my $socket (@open[0 .. 99]) { $socket->blocking(0); for (1 .. 20000) { syswrite $socket, "GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n" or last } }
    $| = 1; print "open\\n"; sleep 60;`;
  const limit = ['bash', '-c', 'ulimit -n 4096; exec "$@"', '-'];
  const attacker = await net.worker.spawn([...limit, ...AS_NOBODY, 'perl', '-e', flood]);
  await attacker.waitForLine(line => line === 'open');
  for (let look = 0; look < 20; look += 1)
    expect(await net.worker.must(['curl', '-sf', '-m5', 'http://127.0.0.1:8004/healthz'])).toBe('ok\n');
  attacker.kill('SIGKILL');
  const [, resident = ''] =
    /VmRSS:\s+(\d+) kB/.exec(await lab.machine.readFile(`/proc/${daemon.pid}/status`)) ?? [];
  console.log(`daemon under attack: ${Math.round(Number(resident) / 1024)} MiB resident`);
  expect(Number(resident)).toBeLessThan(200 * 1024);
});

test('SIGUSR1 opens no inspector', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const daemon = await startDaemon(lab.machine, net);
  daemon.kill('SIGUSR1');
  await net.worker.proxy(['status']);
  expect(await net.worker.must(['ss', '-Htln'])).not.toContain(':9229');
  const status = await lab.machine.readFile(`/proc/${daemon.pid}/status`);
  const [, caught = ''] = /^SigCgt:\s+([0-9a-f]+)$/m.exec(status) ?? [];
  // Nobody in it waits for the signal (number 10): an inspector a moment later would not be seen above.
  expect((BigInt(`0x${caught}`) >> 9n) & 1n).toBe(0n);
  expect(
    (await net.worker.run([...AS_NOBODY, 'curl', '-s', '-m5', 'http://127.0.0.1:9229/json'])).code,
    'refused',
  ).toBe(7);
  expect(await net.worker.must(['curl', '-sf', '-m5', 'http://127.0.0.1:8004/healthz'])).toBe('ok\n');
});

test('connection tracking, where it is on, names the master of a connection: the table of IPVS is not read', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const readsTable = async (): Promise<boolean> => {
    const trace = '/tmp/opened';
    const strace = ['strace', '-f', '-e', 'trace=openat', '-o', trace, '/root/bcs-apiserver-proxy'];
    const run = await net.worker.run([...strace, ...initArgs(net)]);
    expect(run.stdout, run.stderr).toMatch(/answered by 10\.77\.0\.1\d:6443/);
    return (await lab.machine.readFile(trace)).includes('/proc/net/ip_vs_conn');
  };
  expect(await readsTable()).toBe(true);
  await trackConnections(net.worker);
  expect(await readsTable()).toBe(false);
});

longTest(
  '110,000 connections of others in the table of IPVS hold up nothing: an idle connection of a lost master is broken',
  async () => {
    const net = await lab.network({ masters: 3 });
    await net.startApiservers();
    await trackConnections(net.worker);
    await startDaemon(lab.machine, net);
    await lab.machine.must(['sysctl', '-qw', 'net.netfilter.nf_conntrack_max=300000']);
    await net.worker.must(['ipvsadm', '-A', '-u', '10.96.0.9:53', '-s', 'rr']);
    await net.worker.must(['ipvsadm', '-a', '-u', '10.96.0.9:53', '-r', '10.77.0.11:53', '-m']);
    // Each packet comes from another address and port of this host.
    await net.worker.must(['ip', 'route', 'add', 'local', '10.96.0.9/32', 'dev', 'lo', 'table', 'local']);
    await net.worker.must([NODE_IN_GUEST, '-e', FLOOD]);
    // Each of the last five minutes is in the table; to read it to its end takes minutes.
    const stats = await net.worker.must(['ipvsadm', '-Ln', '--stats', '--exact']);
    const entries = Number(/^UDP +10\.96\.0\.9:53 +(\d+)/m.exec(stats)?.[1]);
    expect(entries).toBeGreaterThanOrEqual(110_000);
    const clients = await startClients(net);
    const faultAt = await net.now();
    await net.powerLoss(clients.master);
    const measured = await measureFault(
      `power loss beside ${entries} connections of others`,
      clients,
      faultAt,
    );
    expect(Math.max(measured.wrongMs, measured.busyMs, measured.idleMs)).toBeLessThanOrEqual(15_000);
    await net.worker.must(['curl', '-s', '-m5', 'http://127.0.0.1:8004/healthz']);
  },
);

const NODE_IN_GUEST = '/usr/local/bin/node';
const FLOOD = `
  const { createSocket } = require('node:dgram');
  (async () => {
    for (let subnet = 1; subnet <= 125; subnet += 1) {
      const batch = Array.from({ length: 1000 }, async (_, index) => {
        const socket = createSocket('udp4');
        const address = '127.' + subnet + '.' + (index >> 8) + '.' + ((index & 255) || 1);
        await new Promise(resolve => socket.bind({ address, exclusive: true }, resolve));
        await new Promise(resolve => socket.send('x', 53, '10.96.0.9', resolve));
        socket.close();
      });
      await Promise.all(batch);
    }
  })();
`;
