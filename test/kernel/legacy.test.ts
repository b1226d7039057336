// What the guides say, typed: our guide's commands print what it shows, and those of the original program and its guide
// work on the packed binary under the old names.
import { expect, test } from 'vitest';
import { outputPattern, shownCommands } from '../helpers/guide.ts';
import { ipv4, VIP6, WORKER } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { KUBECONFIG, writeKubeconfig } from '../lab/kubeconfig.ts';
import { useLab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import type { RunResult } from '../lab/machine.ts';
import { byMaster } from '../lab/outcome.ts';
import { weights } from './daemon-helpers.ts';
import { initArgs, realServerOf, vipOf } from './helpers.ts';

const lab = useLab();

const DIRECTORY = '/tmp/old-names';
const START = `${DIRECTORY}/container-start.sh`;

/** Runs a line as the guide has it, in a shell that finds the old names. */
async function typed(host: LabHost, line: string): Promise<RunResult> {
  const names = ['bcs-apiserver-proxy-tools', 'container-start.sh'];
  const links = names.map(name => `ln -sfn ${lab.machine.binary} ${DIRECTORY}/${name}`);
  const script = [`mkdir -p ${DIRECTORY}`, ...links, `PATH=${DIRECTORY}:$PATH`, line].join('\n');
  return host.run(['bash', '-c', script]);
}

function persisted(): Promise<string> {
  return lab.machine.readFile('/root/.bcs/ipvsConfig.yaml');
}

/** The last note: what to type from now on. */
function newForm({ stderr }: RunResult): string | undefined {
  return /^Note: this is the old form of: bcs-apiserver-proxy (.*)$/m.exec(stderr)?.[1];
}

// What status prints is in test/golden/status; services are those of a host with systemd.
const RUNS_HERE = ['init', 'sync', 'clean'];

test('our guide: its commands, in its order, print what it shows', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const shown = shownCommands('docs/guide.md').filter(
    ({ argv: [name = ''], output }) => output.length > 0 && RUNS_HERE.includes(name),
  );
  expect(shown.map(({ argv: [name] }) => name)).toEqual(['init', 'sync', 'sync', 'clean']);
  for (const { argv, output } of shown) {
    const { stdout, stderr } = await net.worker.proxy(argv.map(inLab));
    expect(stderr).toBe('');
    expect(stdout).toMatch(outputPattern(output.map(inLab)));
  }
});

test('the guide to kubeadm: the first master alone, before it answers, and then the next one', async () => {
  const net = await lab.network({ masters: 2 });
  const shown = shownCommands('docs/kubeadm.md').filter(
    ({ argv: [name], output }) => name === 'init' && output.length > 0,
  );
  expect(shown).toHaveLength(2);
  for (const [index, { argv, output }] of shown.entries()) {
    const master = net.master(index + 1);
    const init = await master.proxy(argv.map(inLab));
    expect(init).toMatchObject({ code: 0, stderr: '' });
    expect(init.stdout).toMatch(outputPattern(output.map(inLab)));
    await master.startApiserver({ port: 6443 });
  }
});

test('machines that set themselves up: all masters named, the daemon first, one master alive', async () => {
  const net = await lab.network({ masters: 3 });
  await lab.machine.must(['rm', '-f', KUBECONFIG]);
  const [first, ...others] = net.masters;
  if (first === undefined) throw new Error('there is no master');
  for (const other of others) await net.powerLoss(other);
  expect(await first.proxy(initArgs(net))).toMatchObject({ code: 0, stderr: '' });
  const daemon = await first.startProxy(['daemon', '--vs', vipOf(4), '--kubeconfig', KUBECONFIG]);
  await daemon.waitForLine(line => line.includes('there is no such file'));
  await eventually('it knows that the others are dead', async () => {
    const metrics = await first.must(['curl', '--silent', 'http://127.0.0.1:8004/metrics']);
    return metrics.match(/^bkbcs_apiserverproxy_up\{.*\} 0$/gm)?.length === 3;
  });
  expect(Object.keys(await weights(first))).toHaveLength(3);
  // As kubeadm init does it.
  await first.startApiserver({ port: 6443 });
  await eventually(
    'the first alone',
    async () => Object.keys(await weights(first)).join() === realServerOf(net, 1),
  );
  const requests = await first.requests({ count: 5 });
  expect(requests.filter(({ ok }) => ok)).toHaveLength(5);
  await writeKubeconfig(lab.machine, `https://${vipOf(4)}`);
  for (const other of others) {
    await net.powerBack(other);
    await other.startApiserver({ port: 6443 });
  }
  await net.setEndpoints(net.masters.map(({ ipv4 }) => ipv4));
  await eventually('all three', async () => Object.keys(await weights(first)).length === 3, {
    timeoutMs: 90_000,
  });
});

/** The guide's node and masters are those of the lab. */
function inLab(text: string): string {
  return text.replaceAll('10.0.0.21', ipv4(WORKER)).replaceAll('10.0.0.', ipv4(0).replace(/0$/, ''));
}

test('init, reload, add and delete of the old tool, the entry point of the old container, and [IPv6]', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const [vs, m1, m2, m3] = [vipOf(4), ...[1, 2, 3].map(number => realServerOf(net, number))];
  const tool = 'bcs-apiserver-proxy-tools -cmd';

  const init = await typed(net.worker, `${tool} init -vs ${vs} -rs ${m1} -rs ${m2} -rs ${m3} -scheduler sh`);
  expect(init.code, init.stderr).toBe(0);
  expect(init.stdout).toMatch(/^done: virtual server 10\.99\.0\.1:6443$/m);
  expect(newForm(init)).toBe(`init --vs ${vs} --rs ${m1} --rs ${m2} --rs ${m3} --scheduler sh`);
  const rules = await net.worker.rules();
  const requests = await net.worker.requests({ count: 6 });
  expect(requests.filter(({ ok }) => ok)).toHaveLength(6);

  // As after a reboot: the line that the old init left in /etc/rc.local.
  await net.worker.must(['ipvsadm', '-C']);
  expect(await typed(net.worker, `${tool} reload -persistDir /root/.bcs`)).toMatchObject({ code: 0 });
  expect((await net.worker.rules()).split('\n').sort()).toEqual(rules.split('\n').sort());

  // One that the daemon has drained stays drained.
  const set = await persisted();
  await net.worker.must(['ipvsadm', '-e', '-t', vs, '-r', `${m1}`, '-m', '-w', '0']);
  await net.worker.must(['ipvsadm', '-d', '-t', vs, '-r', `${m3}`]);
  const add = await typed(net.worker, `${tool} add -vs ${vs} -rs ${m1} -rs ${m3} -scheduler rr`);
  expect(add.code, add.stderr).toBe(0);
  expect(await net.worker.rules()).toMatch(/^-A -t 10\.99\.0\.1:6443 -s sh/m);
  const weights = (await net.worker.rules()).matchAll(/-r (\S+) -m -w (\d+)/g);
  expect(Object.fromEntries([...weights].map(([, server, weight]) => [server, weight]))).toEqual({
    [`${m1}`]: '0',
    [`${m2}`]: '1',
    [`${m3}`]: '1',
  });
  expect(await persisted()).toBe(set);

  const idle = await net.worker.client('idle');
  const removed = await typed(net.worker, `${tool} delete -vs ${vs}`);
  expect(removed.code, removed.stderr).toBe(0);
  expect(newForm(removed)).toBe(`clean --force --vs ${vs}`);
  expect(await net.worker.rules()).toBe('');
  await idle.stop();

  // add made the virtual server where there was none.
  await typed(net.worker, `${tool} add -vs ${vs} -rs ${m3} -scheduler rr`);
  expect(await net.worker.rules()).toMatch(/^-A -t 10\.99\.0\.1:6443 -s rr/m);
  expect(byMaster(await net.worker.requests({ count: 2 }))).toEqual({ m3: 2 });
  expect(await persisted()).toBe(set);

  // Its DaemonSet, whose role knows no EndpointSlices.
  for (const master of net.masters) await master.control({ fail: { endpointslices: 'forbidden' } });
  await writeKubeconfig(lab.machine, `https://${vs}`);
  const container = await net.worker.spawn([START, '-f', '/data/bcs-apiserver-proxy.json'], {
    env: {
      BCS_CONFIG_TYPE: 'render',
      localIp: net.worker.ipv4,
      bcsApiserverProxyPort: '8004',
      virtualAddress: vs,
      lvsScheduler: 'sh',
      ipvsPersistDir: '/root/.bcs',
      healthScheme: 'https',
      healthPath: '/healthz',
      kubeConfig: KUBECONFIG,
      managerInterval: '10',
    },
  });
  for (const server of [m1, m2, m3]) await container.waitForLine(line => line.includes(`${server} is ready`));
  expect(await net.worker.must(['curl', '-s', `http://${net.worker.ipv4}:8004/healthz`])).toContain('ok');
  container.kill('SIGTERM');
  expect((await container.exited).code).toBe(0);
  expect(await net.worker.rules()).toMatch(/^-A -t 10\.99\.0\.1:6443 -s sh/m);

  const rs6 = [1, 2, 3].map(number => `-rs ${realServerOf(net, number, 6)}`).join(' ');
  const init6 = await typed(net.worker, `${tool} init -vs ${vipOf(6)} ${rs6} -scheduler rr`);
  expect(init6.code, init6.stderr).toBe(0);
  expect(newForm(init6)).toContain(`init --vs '${vipOf(6)}' --rs '`);
  expect(byMaster(await net.worker.requests({ count: 3, vip: VIP6 }))).toEqual({ m1: 1, m2: 1, m3: 1 });
});
