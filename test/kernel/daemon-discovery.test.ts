// Masters are added, leave and are replaced; discovery lies or vanishes; the control plane restarts; and when nothing
// happens, nothing happens.
import { expect, test } from 'vitest';
import { VIP4 } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { longTest } from '../lab/every.ts';
import { KUBECONFIG, writeKubeconfig } from '../lab/kubeconfig.ts';
import { useLab } from '../lab/lab.ts';
import type { Master } from '../lab/master.ts';
import { wrongWindow } from '../lab/outcome.ts';
import { runDaemon, startClients, startDaemon, weights } from './daemon-helpers.ts';
import { initArgs } from './helpers.ts';

const lab = useLab();

/** What matters is that no connection fails, not that a busy machine answers each within a second. */
const PATIENT = { timeoutMs: 10_000 };

test('D10 a master is added, one leaves while it answers, all are replaced one by one: no request fails', async () => {
  const net = await lab.network({ masters: 6 });
  await net.startApiservers();
  const name = (number: number): string => `${net.master(number).ipv4}:6443`;
  const endpoints = (...numbers: number[]): Promise<void> =>
    net.setEndpoints(numbers.map(number => net.master(number).ipv4));
  await endpoints(1, 2, 3);
  // The daemon's own watch keeps a draining master for as long as it may.
  const args = ['--drain-timeout', '5s'];
  await startDaemon(lab.machine, net, { masters: [1, 2, 3], scheduler: 'rr', args });
  const fresh = await net.worker.client('fresh', PATIENT);
  const serving = async (...numbers: number[]): Promise<void> => {
    const names = numbers.map(name).sort();
    const from = await net.now();
    await eventually(`${names} serve`, async () => {
      const kernel = Object.entries(await weights(net.worker));
      const live = kernel.filter(([, weight]) => weight > 0).map(([server]) => server);
      return live.sort().join() === names.join();
    });
    const tookMs = Math.round((await net.now()) - from);
    console.log(`D10 masters ${numbers.join(' ')} serve after ${tookMs} ms`);
    expect(tookMs).toBeLessThanOrEqual(12_000);
  };
  await endpoints(1, 2, 3, 4);
  await serving(1, 2, 3, 4);
  await endpoints(2, 3, 4);
  await serving(2, 3, 4);
  await endpoints(3, 4, 5);
  await serving(3, 4, 5);
  await endpoints(4, 5, 6);
  await serving(4, 5, 6);
  await eventually('the old ones are gone', async () => Object.keys(await weights(net.worker)).length === 3);
  const persisted = () => lab.machine.readFile('/root/.bcs/ipvsConfig.yaml');
  // One that was withdrawn while it lives can be booted from for its drain time.
  await eventually('the old ones do not boot', async () => !/\.1[123]:/.test(await persisted()));
  for (const number of [4, 5, 6]) expect(await persisted()).toContain(name(number));
  expect(wrongWindow(await fresh.stop())).toBeUndefined();
});

test('D11 discovery answers nothing, 403, rubbish or not at all: nothing changes, and failover still works', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const daemon = await startDaemon(lab.machine, net);
  const before = await net.worker.rules();
  for (const endpointslices of ['empty', 'forbidden', 'garbage', 'hang'] as const) {
    for (const master of net.masters)
      await master.control({ fail: { endpointslices }, dropWatches: true, gone: true });
    const { requests } = await net.master(1).counters();
    await eventually(`discovery was asked while it answers "${endpointslices}"`, async () => {
      const all = await Promise.all(net.masters.map(master => master.counters()));
      return (
        JSON.stringify(all.map(counters => listsOf(counters.requests))) !== JSON.stringify(listsOf(requests))
      );
    });
    expect(await net.worker.rules(), endpointslices).toBe(before);
  }
  const { fresh, busy, idle, master } = await startClients(net, net.worker, 4, PATIENT.timeoutMs);
  const faultAt = await net.now();
  await net.powerLoss(master);
  await daemon.waitForLine(line => line.includes(`${master.ipv4}:6443 is dead`));
  await fresh.waitFor(({ ok, at }) => ok && at > faultAt + 15_000);
  const window = wrongWindow(await fresh.stop());
  console.log(`D11 power loss while discovery hangs: new connections wrong for ${window?.ms ?? 0} ms`);
  expect(window?.ms ?? 0).toBeLessThanOrEqual(15_000);
  await busy.stop();
  await idle.stop();
});

function listsOf(requests: Record<string, number>): [string, number][] {
  return Object.entries(requests).filter(([path]) => path.includes('endpoint'));
}

longTest('D16 the control plane restarts, one master after the other: no request fails', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  const daemon = await startDaemon(lab.machine, net);
  const fresh = await net.worker.client('fresh', PATIENT);
  await fresh.waitFor(({ ok }) => ok);
  for (const master of net.masters) {
    // A shutdown delay that is longer than a probe interval, so that it is noticed.
    await master.control({ gracefulMs: 15_000 });
    const drained = daemon.waitForLine(nth(`${master.ipv4}:6443 is draining`, 1));
    master.apiserver.kill('SIGTERM');
    await drained;
    await master.apiserver.exited;
    await master.startApiserver();
    await net.setEndpoints(net.masters.map(({ ipv4 }) => ipv4));
    await daemon.waitForLine(nth(`${master.ipv4}:6443 is ready`, 2));
  }
  const outcomes = await fresh.stop();
  console.log(`D16 ${outcomes.length} connections, ${outcomes.filter(({ ok }) => !ok).length} failed`);
  expect(wrongWindow(outcomes)).toBeUndefined();
});

function nth(text: string, count: number): (line: string) => boolean {
  let seen = 0;
  return line => line.includes(text) && ++seen === count;
}

test('sync --from cluster looks once: the kernel and the persisted set get what discovery names', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net, { masters: [1, 2] }));
  await writeKubeconfig(lab.machine, 'https://10.99.0.1:6443');
  const sync = await net.worker.proxy(['sync', '--from', 'cluster', '--kubeconfig', KUBECONFIG]);
  expect(sync).toMatchObject({ code: 0, stderr: '' });
  expect(sync.stdout).toContain('add real server 10.77.0.13:6443, weight 1');
  expect(await lab.machine.readFile('/root/.bcs/ipvsConfig.yaml')).toContain('10.77.0.13:6443');
  const { watches } = await net.master(1).counters();
  expect(watches).toBe(0);
  // One that can be no master is told, and nothing else in the list suffers.
  await net.setEndpoints([VIP4, ...net.masters.map(({ ipv4 }) => ipv4)]);
  expect(await net.worker.proxy(['sync', '--from', 'cluster', '--kubeconfig', KUBECONFIG])).toMatchObject({
    code: 0,
    stderr: 'Warning: 10.99.0.1:6443 is ignored: it is the VIP itself\n',
    stdout: expect.stringContaining('unchanged: virtual server 10.99.0.1:6443'),
  });
});

test('EndpointSlices that somebody made by hand: all of the Service count, whatever their names; host names are passed over', async () => {
  const net = await lab.network({ masters: 4 });
  await net.startApiservers();
  const at = (...numbers: number[]) => numbers.map(number => ({ address: net.master(number).ipv4 }));
  await net.setEndpoints(at(1, 2).map(({ address }) => address));
  type Slices = NonNullable<Parameters<(typeof net.masters)[0]['control']>[0]['slices']>;
  const slices = async (slices: Slices) => {
    for (const master of net.masters) await master.control({ slices });
  };
  await slices({ 'masters-b': at(3) });
  await startDaemon(lab.machine, net, { masters: [1, 2], args: ['--drain-timeout', '3s'] });
  const served = (...numbers: number[]) =>
    eventually(`masters ${numbers.join(' ')} serve, and nobody else`, async () => {
      const live = Object.entries(await weights(net.worker)).filter(([, weight]) => weight > 0);
      return (
        live
          .map(([server]) => server)
          .sort()
          .join() ===
        at(...numbers)
          .map(({ address }) => `${address}:6443`)
          .join()
      );
    });
  await served(1, 2, 3);
  await slices({ 'masters-b': at(3, 4), names: [{ address: 'api.example' }] });
  await served(1, 2, 3, 4);
  await slices({ 'masters-b': null });
  await served(1, 2);
});

test('--discovery nodes follows the control-plane nodes', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await startDaemon(lab.machine, net, { masters: [1], args: ['--discovery', 'nodes'] });
  await eventually(
    'all control-plane nodes serve',
    async () => Object.keys(await weights(net.worker)).length === 3,
  );
});

test('nothing happens: no handshake, no list, one watch, one probe per interval; no process, no written file', async () => {
  const net = await lab.network({ masters: 3 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net));
  const daemon = await runDaemon(lab.machine, net.worker, {}, 3);
  await eventually('one watch is open', async () => (await watchesOf(net.masters)) === 1);
  await eventually(
    'the events of the start are written',
    async () => (await lab.machine.readFile('/root/.bcs/state.json')).match(/"to": "ready"/g)?.length === 3,
  );
  const trace = await lab.machine.spawn([
    'strace',
    '-f',
    '-p',
    String(daemon.pid),
    '-o',
    '/tmp/strace.log',
    '-e',
    'trace=execve,fork,vfork,openat,rename,renameat,renameat2,unlink,fsync',
  ]);
  await eventually(
    'strace is attached',
    async () =>
      (await lab.machine.readFile(`/proc/${daemon.pid}/status`)).match(/TracerPid:\t[1-9]/) !== null,
  );
  const before = await Promise.all(net.masters.map(master => master.counters()));
  const from = await net.now();
  await eventually('half a minute has passed', async () => (await net.now()) - from >= 30_000, {
    everyMs: 1_000,
  });
  const after = await Promise.all(net.masters.map(master => master.counters()));
  const seconds = ((await net.now()) - from) / 1000;
  trace.kill('SIGINT');
  await trace.exited;
  for (const [index, now] of after.entries()) {
    const then = before[index];
    expect(now.handshakes - (then?.handshakes ?? 0)).toBe(0);
    expect(listsOf(now.requests)).toEqual(listsOf(then?.requests ?? {}));
    const probes = (now.requests['/readyz'] ?? 0) - (then?.requests['/readyz'] ?? 0);
    console.log(`steady state: m${index + 1} answered ${probes} probes in ${seconds.toFixed(0)} s`);
    // Every 10 s, jittered by a fifth: at most seven in a minute.
    expect(probes).toBeGreaterThanOrEqual(seconds / 12 - 1);
    expect(probes).toBeLessThanOrEqual(seconds / 8 + 1);
  }
  expect(await watchesOf(net.masters)).toBe(1);
  const calls = (await lab.machine.readFile('/tmp/strace.log')).split('\n');
  expect(calls.filter(call => /execve|fork|rename|unlink|fsync|O_WRONLY|O_RDWR|O_CREAT/.test(call))).toEqual(
    [],
  );
});

async function watchesOf(masters: readonly Master[]): Promise<number> {
  const all = await Promise.all(masters.map(master => master.counters()));
  return all.reduce((sum, { watches }) => sum + watches, 0);
}
