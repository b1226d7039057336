// The container image, in a container as the DaemonSet and the static pod ask for it: everything that the daemon does on a
// host.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { BINARY_PATH } from '../../scripts/packaging/image/config.ts';
import { STATIC_POD_DIRECTORY, STATIC_POD_FILE } from '../../src/lib/host/paths.ts';
import type { V1DaemonSet, V1PodSpec } from '../../src/lib/manifests/kubernetes.ts';
import { manifests } from '../../src/lib/manifests/manifests.ts';
import { KUBELET_KUBECONFIG } from '../../src/lib/manifests/static-pod.ts';
import { eventually } from '../lab/bounded.ts';
import { useLab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { weights } from './daemon-helpers.ts';
import { initArgs, nodeState, realServerOf, vipOf } from './helpers.ts';
import { CGROUP, containerOf, LAYER, preparePod, runInPod, startInPod } from './pod.ts';

const unpacked = mkdtempSync(join(tmpdir(), 'image-layer-'));
afterAll(() => rmSync(unpacked, { recursive: true }));
const lab = useLab({ files: { [LAYER]: layerOfImage(unpacked) } });

/** The image's layers as one, in a file of its own. */
function layerOfImage(directory: string): string {
  const image = join(REPOSITORY, 'dist/bcs-apiserver-proxy-image-x64.tar');
  if (!existsSync(image)) throw new Error(`This test needs ${image}. Run scripts/image first.`);
  const read = (path: string): Buffer => execFileSync('tar', ['-xOf', image, path], { maxBuffer: 1e9 });
  const [{ Layers: layers }] = JSON.parse(read('manifest.json').toString()) as [{ Layers: string[] }];
  const file = join(directory, LAYER);
  // One tar file behind the other: preparePod() reads on behind the end of the first.
  writeFileSync(file, Buffer.concat(layers.map(layer => gunzipSync(read(layer)))));
  return file;
}

function daemonSetPod(): V1PodSpec {
  const options = {
    args: [],
    image: 'none',
    namespace: 'kube-system',
    discovery: 'endpoints' as const,
    persistDir: '/root/.bcs',
    listen: { address: '127.0.0.1', port: 8004 },
  };
  const daemonSet = manifests(options).find(({ kind }) => kind === 'DaemonSet') as V1DaemonSet;
  const { spec } = daemonSet.spec?.template ?? {};
  if (spec === undefined) throw new Error('the DaemonSet has no pod');
  return spec;
}

const page = (host: LabHost, path: string): Promise<string> =>
  host.must(['curl', '--silent', '--fail', '--max-time', '3', `http://127.0.0.1:8004${path}`]);

const isReady = (host: LabHost): Promise<boolean> =>
  page(host, '/readyz').then(
    () => true,
    () => false,
  );

test('in a container with one capability and a read-only root the daemon finds, guards and fails over', async () => {
  const pod = daemonSetPod();
  const { args = [] } = containerOf(pod);
  await preparePod(lab.machine, pod);
  const net = await lab.network({ masters: 3 });
  const { worker } = net;
  await net.startApiservers();
  // Nothing was prepared on the node: the kernel itself loads the modules that it is asked for.
  const modules = await lab.machine.readFile('/proc/modules');
  if (lab.machine.disposable) expect(modules).not.toMatch(/^(ip_vs|tcp_diag)/m);
  const realServers = net.masters.flatMap((_, index) => ['--rs', realServerOf(net, index + 1)]);
  const daemon = await startInPod(worker, pod, [BINARY_PATH, ...args, '--vs', vipOf(4), ...realServers]);
  await eventually('ready', () => isReady(worker));
  await page(worker, '/healthz');

  const process = await lab.machine.readFile(`/proc/${daemon.pid}/status`);
  const fields = Object.fromEntries(
    [...process.matchAll(/^(Cap\w+|NoNewPrivs|Seccomp|Uid):\s+(\w+)/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  const netAdmin = '0000000000001000';
  expect(fields).toEqual({
    Uid: '0',
    CapInh: '0'.repeat(16),
    CapPrm: netAdmin,
    CapEff: netAdmin,
    CapBnd: netAdmin,
    CapAmb: '0'.repeat(16),
    NoNewPrivs: '1',
    Seccomp: '2',
  });
  const touch = await lab.machine.run([
    'nsenter',
    `--mount=/proc/${daemon.pid}/ns/mnt`,
    'touch',
    '/tmp/pod/root/x',
  ]);
  expect(touch.stderr).toContain('Read-only file system');

  // Discovery goes to a real server: the Service's address refuses.
  await eventually(
    'discovery by way of a real server',
    async () => JSON.parse(await page(worker, '/status')).discovery.connected,
  );
  await eventually(
    'three ready',
    async () => (await page(worker, '/metrics')).match(/^bkbcs_apiserverproxy_up\{.*\} 1$/gm)?.length === 3,
  );

  expect(await lab.machine.readFile('/root/.bcs/ipvsConfig.yaml')).toMatch(/^vs: 10\.99\.0\.1:6443$/m);

  // The tables are emptied: repaired.
  await worker.must(['ipvsadm', '-C']);
  await eventually('the rules are back', async () => Object.keys(await weights(worker)).length === 3);
  // The parameters that it cannot set are said once, and everything else goes on.
  expect(
    daemon.stdout.match(/expire_nodest_conn cannot be set to 1: \/proc\/sys is read-only/g),
  ).toHaveLength(1);
  // A master dies, with an idle connection to it.
  const idle = await worker.client('idle', { timeoutMs: 120_000 });
  await idle.waitFor(({ ok }) => ok);
  const [answer] = await worker.requests({ count: 1 }); // scheduler sh: the same master
  const serving = net.masters.find(({ name }) => name === answer?.master);
  serving?.apiserver.kill('SIGKILL');
  await eventually('the dead master is out', async () => Object.keys(await weights(worker)).length === 2);
  expect(daemon.stdout).toContain(`${serving?.ipv4}:6443 is closing`);
  await idle.waitFor(({ ok }) => !ok);
  await idle.stop();

  // Beside the daemon: what one does with kubectl exec. What cannot be done in a pod is refused before it is begun.
  const before = await nodeState(worker);
  const status = await runInPod(worker, pod, [BINARY_PATH, 'status', '--no-probe']);
  expect({ code: status.code, stderr: status.stderr }).toEqual({ code: 1, stderr: '' });
  expect(status.stdout).toContain('expire-nodest-off');
  const init = await runInPod(worker, pod, [BINARY_PATH, ...initArgs(net), '--no-sysctl']);
  expect(init.code).toBe(1);
  expect(init.stderr).toContain('/etc/modules-load.d/bcs-apiserver-proxy.conf cannot be written');

  const memory = (await lab.machine.readFile(`${CGROUP}/memory.current`)).trim();
  console.log(`memory of the container: ${(Number(memory) / 2 ** 20).toFixed(1)} MiB`);
  daemon.kill('SIGTERM');
  expect((await daemon.exited).code).toBe(0);
  expect(await nodeState(worker)).toEqual(before);
});

const ENDPOINTS_BY_NAME = '/api/v1/namespaces/default/endpoints/kubernetes';

/** As `kubeadm join` leaves a node: kubelet.conf names a symbolic link to the certificate of the day. */
async function joinNode(server: string): Promise<void> {
  const pki = '/var/lib/kubelet/pki';
  const today = `${pki}/kubelet-client-2026-01-02-03-04-05.pem`;
  const current = `${pki}/kubelet-client-current.pem`;
  const labPki = `${lab.machine.labDirectory}/pki`;
  await lab.machine.must([
    'bash',
    '-ec',
    `mkdir -p ${STATIC_POD_DIRECTORY} ${pki}
     cat ${labPki}/server.crt ${labPki}/server.key > ${today}
     ln -s ${today} ${current}`,
  ]);
  const ca = await lab.machine.readFile(`${labPki}/ca.crt`);
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const user = { 'client-certificate': current, 'client-key': current };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'default-context',
    clusters: [{ name: 'default-cluster', cluster }],
    users: [{ name: 'default-auth', user }],
    contexts: [{ name: 'default-context', context: { cluster: 'default-cluster', user: 'default-auth' } }],
  };
  await lab.machine.writeFile(KUBELET_KUBECONFIG, JSON.stringify(config), 0o600);
}

test('as a static pod it is ready before any API answers, discovers with what kubelet may, and clean waits for its end', async context => {
  if (!lab.machine.disposable) context.skip("this would write the files of the host's kubelet");
  onTestFinished(async () => {
    await lab.machine.must(['rm', '-rf', '/etc/kubernetes', '/var/lib/kubelet']);
  });
  const net = await lab.network({ masters: 3 });
  const { worker } = net;
  await joinNode(`https://${vipOf(4)}`);
  const flags = ['--vs', vipOf(4), '--rs', realServerOf(net, 1)];
  const install = await worker.proxy(['install-service', '--role', 'static-pod', ...flags]);
  expect(install).toMatchObject({ code: 0, stderr: '' });
  const { spec } = parse(await lab.machine.readFile(STATIC_POD_FILE)) as { spec: V1PodSpec };
  await preparePod(lab.machine, spec);
  const daemon = await startInPod(worker, spec, [BINARY_PATH, ...(containerOf(spec).args ?? [])]);
  await eventually('ready, while no master answers', () => isReady(worker));
  expect(Object.keys(await weights(worker))).toEqual([realServerOf(net, 1)]);

  // The role system:node: no slices, and Endpoints by name only.
  for (const master of net.masters) {
    await master.startApiserver({ port: 6443 });
    await master.control({
      fail: { endpointslices: 'forbidden', endpoints: 'unlistable' },
      dropWatches: true,
    });
  }
  await net.setEndpoints(net.masters.map(({ ipv4 }) => ipv4));
  await eventually('three real servers', async () => Object.keys(await weights(worker)).length === 3, {
    timeoutMs: 90_000,
  });
  const counters = await Promise.all(net.masters.map(master => master.counters()));
  expect(counters.some(({ requests }) => (requests[ENDPOINTS_BY_NAME] ?? 0) > 0)).toBe(true);
  await eventually('the set for the next boot', async () =>
    (await lab.machine.readFile('/root/.bcs/ipvsConfig.yaml')).includes(realServerOf(net, 3)),
  );

  await worker.must(['ipvsadm', '-C']);
  await eventually('the rules are back', async () => Object.keys(await weights(worker)).length === 3);
  const write = (path: string) =>
    lab.machine.run(['nsenter', `--mount=/proc/${daemon.pid}/ns/mnt`, 'touch', `/tmp/pod/root${path}`]);
  for (const path of [KUBELET_KUBECONFIG, '/var/lib/kubelet/pki/x'])
    expect((await write(path)).stderr).toContain('Read-only file system');

  // kubelet ends the pod when the manifest is gone; not at once.
  const kubelet = `while test -e ${STATIC_POD_FILE}; do sleep 0.2; done; sleep 2; kill ${daemon.pid}`;
  const standIn = await lab.machine.spawn(['bash', '-ec', kubelet]);
  const clean = await worker.proxy(['clean', '--purge', '--force']);
  expect(clean).toMatchObject({ code: 0, stderr: '' });
  expect(clean.stdout).toContain(`changed    services: remove ${STATIC_POD_FILE}\n`);
  expect((await daemon.exited).code).toBe(0);
  await standIn.exited;
  expect(await worker.rules()).toBe('');
});
