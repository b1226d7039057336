// What else befalls a worker, with the daemon as a unit of the host: masters that leave and come back, a master more and one
// less, kube-proxy in each mode, the static pod, and the way out. Each test goes on from where the one before ended.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eventually } from '../lab/bounded.ts';
import { masterAddress, VIP, VIRTUAL_SERVER } from './kit/addresses.ts';
import {
  isHealthy,
  isWhole,
  joinAndLeave,
  MEMORY,
  MINUTES,
  mend,
  moveOne,
  PATIENT,
  persistedOn,
  statusOf,
  weightsOn,
} from './kit/node.ts';
import { dieInTurn, type Outage } from './kit/outage.ts';
import { useCluster } from './kit/use.ts';

const cluster = useCluster({ spare: 1 });

const KUBELET = '/etc/kubernetes/kubelet.conf';
/** A lease, and half a minute until a role that may not watch asks again. */
const LEASE_ENDS = { timeoutMs: 90_000, everyMs: 500 };

const codes = async (): Promise<string[]> => (await statusOf(cluster())).problems.map(({ code }) => code);
const remembered = (): Promise<string> =>
  cluster()
    .worker.readFile(MEMORY)
    .catch(() => '');
const secondsSince = (from: number): string => ((performance.now() - from) / 1000).toFixed(1);
const tell = (what: string, figure: string): void =>
  console.log(`${cluster().version} | ${what} | ${figure}`);
const proxy = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster().proxy(args);
  expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
};

test("the daemon as a unit, with kubelet's credentials", { timeout: 12 * MINUTES }, async () => {
  await cluster().join();
  await proxy('install-service', '--role', 'daemon', '--vs', VIRTUAL_SERVER, '--kubeconfig', KUBELET);
  await eventually('all is well', () => isHealthy(cluster()), PATIENT);
});

test("with kubelet's credentials, which may get the Endpoints object and nothing else", async () => {
  const asked = cluster().askedBy('system:node:worker');
  tell("the unit's daemon asked", asked.join(', '));
  expect(asked).toContain('get /api/v1/namespaces/default/endpoints/kubernetes 200');
});

test('a dead master leaves discovery by itself, is remembered, and comes back', {
  timeout: 8 * MINUTES,
}, async () => {
  const master = cluster().master(1);
  const name = `${master.address}:6443`;
  master.kill('SIGKILL');
  const from = performance.now();
  await eventually('it has left', async () => (await remembered()).includes(name), LEASE_ENDS);
  tell('killed', `left discovery after ${secondsSince(from)} s`);
  const { verdict, problems } = await statusOf(cluster());
  expect(verdict).toBe('degraded');
  expect(problems.map(({ code }) => code)).toContain('real-server-left-discovery');
  expect(await persistedOn(cluster())).not.toContain(name);
  await mend(cluster(), master);
  await eventually('all is well', () => isHealthy(cluster()), PATIENT);
});

describe('masters end one after the other, 20 s apart: the node works with the first that is back', {
  timeout: 12 * MINUTES,
}, () => {
  test.each<Outage>([
    { signal: 'SIGKILL', order: [2, 3, 1], firstBack: 2, meanwhile: 'nothing' },
    { signal: 'SIGKILL', order: [3, 1, 2], firstBack: 1, meanwhile: 'the daemon is restarted' },
    { signal: 'SIGKILL', order: [1, 2, 3], firstBack: 1, meanwhile: 'a reboot' },
    { signal: 'SIGTERM', order: [2, 3, 1], firstBack: 3, meanwhile: 'nothing' },
    { signal: 'SIGTERM', order: [1, 3, 2], firstBack: 3, meanwhile: 'a reboot' },
  ])('$signal, $order, meanwhile $meanwhile', async outage => {
    expect(await dieInTurn(cluster(), outage)).toBeLessThan(6);
  });
});

test('a fourth master joins, and ends in order', { timeout: 10 * MINUTES }, () => joinAndLeave(cluster()));

test('a master changes its address', { timeout: 10 * MINUTES }, async () => {
  await moveOne(cluster(), cluster().master(3), masterAddress(7));
  expect(await isWhole(cluster())).toBe(true);
});

describe('kube-proxy', () => {
  /** Runs it until it has done what it does at its start and twice after, then ends it and what it made. */
  async function runKubeProxy(config: Record<string, unknown>): Promise<{ lost: boolean; codes: string[] }> {
    const { worker } = cluster();
    const repairs = async (): Promise<number> => {
      const log = await worker.must(['journalctl', '-u', 'bcs-apiserver-proxy-daemon', '-o', 'cat']);
      return log.split('add virtual server').length;
    };
    const repairsBefore = await repairs();
    const document = {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      clientConnection: { kubeconfig: '/root/admin.conf' },
      iptables: { syncPeriod: '5s' },
      ...config,
    };
    await worker.writeFile('/root/admin.conf', cluster().adminConfig());
    await worker.writeFile('/root/kube-proxy.yaml', JSON.stringify(document));
    const process = await worker.spawn(['/root/kube-proxy', '--config', '/root/kube-proxy.yaml', '--v', '2']);
    await delay(30_000);
    const found = (await codes()).filter(code =>
      /kube-proxy|virtual-server|real-server-(missing|unexpected)/.test(code),
    );
    process.kill('SIGKILL');
    const { stderr } = await process.exited;
    expect(stderr).toMatch(/proxier/i);
    await eventually('all masters serve', () => isWhole(cluster()), PATIENT);
    return { lost: (await repairs()) > repairsBefore, codes: found };
  }

  test('in iptables mode leaves the virtual server alone', { timeout: 5 * MINUTES }, async () => {
    expect(await runKubeProxy({ mode: 'iptables' })).toEqual({ lost: false, codes: [] });
  });

  test('in nftables mode, which newer versions have, deletes it once when it starts, which is put right at once', {
    timeout: 5 * MINUTES,
  }, async ({ skip }) => {
    skip(!cluster().hasNftables, 'kube-proxy has no such mode');
    expect(await runKubeProxy({ mode: 'nftables' })).toEqual({
      lost: true,
      codes: ['kube-proxy-flushes-at-start'],
    });
  });

  test('in ipvs mode with excludeCIDRs leaves it alone', { timeout: 5 * MINUTES }, async () => {
    const ipvs = { syncPeriod: '5s', excludeCIDRs: [`${VIP}/32`] };
    expect(await runKubeProxy({ mode: 'ipvs', ipvs })).toEqual({ lost: false, codes: [] });
  });

  test('in ipvs mode without deletes it, which is put right at once and named', {
    timeout: 5 * MINUTES,
  }, async () => {
    const { lost, codes } = await runKubeProxy({ mode: 'ipvs', ipvs: { syncPeriod: '5s' } });
    expect(lost).toBe(true);
    expect(codes).toContain('kube-proxy-will-delete');
  });
});

test('the static pod instead of the unit', { timeout: 8 * MINUTES }, async () => {
  await proxy('install-service', '--role', 'daemon', '--uninstall');
  await proxy('install-service', '--role', 'static-pod', '--vs', VIRTUAL_SERVER);
  const pod = ['-n', 'kube-system', 'get', 'pod', 'bcs-apiserver-proxy-worker', '-o'];
  const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  await eventually(
    'its mirror is Ready',
    async () => cluster().tryKubectl([...pod, ready]) === 'True',
    PATIENT,
  );
  await eventually('all is well', () => isHealthy(cluster()), PATIENT);
});

test('leaving the cluster: clean refuses while kubelet uses the VIP, and leaves nothing behind it', {
  timeout: 5 * MINUTES,
}, async () => {
  const { worker } = cluster();
  expect((await cluster().proxy(['clean'])).code).not.toBe(0);
  expect(Object.keys(await weightsOn(cluster()))).toHaveLength(3);
  await proxy('install-service', '--role', 'static-pod', '--uninstall');
  await worker.must(
    ['/root/kubeadm', 'reset', '--force', '--cri-socket', 'unix:///run/containerd/containerd.sock'],
    { timeoutMs: 4 * MINUTES },
  );
  await proxy('clean');
  // kube-proxy in ipvs mode has left its own there, which is not ours to remove.
  expect(await worker.must(['ipvsadm', '-Sn'])).not.toContain(VIRTUAL_SERVER);
  expect(await worker.must(['ip', 'route', 'show', 'table', 'local', VIP])).toBe('');
});
