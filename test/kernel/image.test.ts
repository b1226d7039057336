// The container image, in a container as the DaemonSet asks for it: everything that the daemon does on a host.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { BINARY_PATH } from '../../scripts/packaging/image/config.ts';
import type { V1DaemonSet } from '../../src/lib/manifests/kubernetes.ts';
import { manifests } from '../../src/lib/manifests/manifests.ts';
import { eventually } from '../lab/bounded.ts';
import { useLab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { weights } from './daemon-helpers.ts';
import { initArgs, nodeState, realServerOf, vipOf } from './helpers.ts';
import { CGROUP, LAYER, preparePod, runInPod, startInPod } from './pod.ts';

const unpacked = mkdtempSync(join(tmpdir(), 'image-layer-'));
afterAll(() => rmSync(unpacked, { recursive: true }));
const lab = useLab({ files: { [LAYER]: layerOfImage(unpacked) } });

/** The image's one layer, as a file of its own. */
function layerOfImage(directory: string): string {
  const image = join(REPOSITORY, 'dist/bcs-apiserver-proxy-image-x64.tar');
  if (!existsSync(image)) throw new Error(`This test needs ${image}. Run scripts/image first.`);
  const read = (path: string): Buffer => execFileSync('tar', ['-xOf', image, path], { maxBuffer: 1e9 });
  const [
    {
      Layers: [layer],
    },
  ] = JSON.parse(read('manifest.json').toString());
  const file = join(directory, LAYER);
  writeFileSync(file, gunzipSync(read(layer)));
  return file;
}

function container() {
  const options = {
    args: [],
    image: 'none',
    namespace: 'kube-system',
    discovery: 'endpoints' as const,
    persistDir: '/root/.bcs',
    listen: { address: '127.0.0.1', port: 8004 },
  };
  const daemonSet = manifests(options).find(({ kind }) => kind === 'DaemonSet') as V1DaemonSet;
  const [found] = daemonSet.spec?.template.spec?.containers ?? [];
  if (found === undefined) throw new Error('the DaemonSet has no container');
  return found;
}

const page = (host: LabHost, path: string): Promise<string> =>
  host.must(['curl', '--silent', '--fail', '--max-time', '3', `http://127.0.0.1:8004${path}`]);

test('in a container with one capability and a read-only root the daemon finds, guards and fails over', async () => {
  const { args = [], resources } = container();
  await preparePod(lab.machine, resources?.limits?.memory?.replace('Mi', 'M') ?? '');
  const net = await lab.network({ masters: 3 });
  const { worker } = net;
  await net.startApiservers();
  // Nothing was prepared on the node: the kernel itself loads the modules that it is asked for.
  const modules = await lab.machine.readFile('/proc/modules');
  if (lab.machine.disposable) expect(modules).not.toMatch(/^(ip_vs|tcp_diag)/m);
  const realServers = net.masters.flatMap((_, index) => ['--rs', realServerOf(net, index + 1)]);
  const daemon = await startInPod(worker, [BINARY_PATH, ...args, '--vs', vipOf(4), ...realServers]);
  await eventually('ready', () =>
    page(worker, '/readyz').then(
      () => true,
      () => false,
    ),
  );
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
  const status = await runInPod(worker, [BINARY_PATH, 'status', '--no-probe']);
  expect({ code: status.code, stderr: status.stderr }).toEqual({ code: 1, stderr: '' });
  expect(status.stdout).toContain('expire-nodest-off');
  const init = await runInPod(worker, [BINARY_PATH, ...initArgs(net), '--no-sysctl']);
  expect(init.code).toBe(1);
  expect(init.stderr).toContain('/etc/modules-load.d/bcs-apiserver-proxy.conf cannot be written');

  const memory = (await lab.machine.readFile(`${CGROUP}/memory.current`)).trim();
  console.log(`memory of the container: ${(Number(memory) / 2 ** 20).toFixed(1)} MiB`);
  daemon.kill('SIGTERM');
  expect((await daemon.exited).code).toBe(0);
  expect(await nodeState(worker)).toEqual(before);
});
