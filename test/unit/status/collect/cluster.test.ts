// kubelet's and kube-proxy's configuration as they are found on nodes.
import { once } from 'node:events';
import { mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HostProcess } from '../../../../src/lib/host/processes.ts';
import { collectKubeProxy, readConfiguration } from '../../../../src/lib/status/collect/kube-proxy.ts';
import { collectKubelet } from '../../../../src/lib/status/collect/kubelet.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const NEVER = new AbortController().signal;

function file(name: string, text: string): string {
  const path = join(tempDir(), name);
  writeFileSync(path, text);
  return path;
}

const kubeconfig = (server?: string): string =>
  JSON.stringify({
    'current-context': 'b',
    contexts: [
      { name: 'a', context: { cluster: 'other' } },
      { name: 'b', context: { cluster: 'this' } },
    ],
    clusters: [
      { name: 'other', cluster: { server: 'https://10.0.0.11:6443' } },
      { name: 'this', cluster: { server } },
    ],
  });

/** Of this user, by real, effective, saved and file system ID. */
function running(
  argv: readonly string[],
  directory = tempDir(),
  uids = '0\t0\t0\t0',
  mounts = readlinkSync('/proc/self/ns/mnt'),
): HostProcess {
  writeFileSync(join(directory, 'status'), `Name:\tx\nUid:\t${uids}\n`);
  mkdirSync(join(directory, 'ns'), { recursive: true });
  symlinkSync(mounts, join(directory, 'ns/mnt'));
  return { pid: 1, argv, directory };
}

describe("kubelet's server", () => {
  test('is that of the current context', () => {
    const path = file('kubelet.conf', kubeconfig('https://10.99.0.1:6443'));
    expect(collectKubelet([], ['/nonexistent', path])).toEqual({
      seen: true,
      value: { kubeconfig: path, server: 'https://10.99.0.1:6443' },
    });
  });

  test('a running kubelet says which file it reads', () => {
    const usual = file('kubelet.conf', kubeconfig('https://10.0.0.11:6443'));
    const told = file('told.conf', kubeconfig('https://10.99.0.1:6443'));
    const kubelet = running(['/usr/bin/kubelet', '--v=2', `--kubeconfig=${told}`]);
    const other = running(['kubectl', `--kubeconfig=${usual}`]);
    expect(collectKubelet([other, kubelet], [usual])).toMatchObject({ value: { kubeconfig: told } });
  });

  test.each(['65534\t65534\t65534\t65534', '65534\t0\t0\t0', '0\t0\t65534\t0'])(
    'a process of somebody else (%j) that calls itself so says nothing',
    uids => {
      const usual = file('kubelet.conf', kubeconfig('https://10.99.0.1:6443'));
      const trap = file('trap.conf', kubeconfig('https://127.0.0.1:19443'));
      const pretender = running(['kubelet', `--kubeconfig=${trap}`], tempDir(), uids);
      expect(collectKubelet([pretender], [usual])).toMatchObject({ value: { kubeconfig: usual } });
    },
  );

  test('root in a container that calls itself so says nothing', () => {
    const usual = file('kubelet.conf', kubeconfig('https://10.99.0.1:6443'));
    const trap = file('trap.conf', kubeconfig('https://127.0.0.1:19443'));
    const pretender = running(['kubelet', `--kubeconfig=${trap}`], tempDir(), '0\t0\t0\t0', 'mnt:[1]');
    expect(collectKubelet([pretender], [usual])).toMatchObject({ value: { kubeconfig: usual } });
  });

  test.each([
    ['no file', undefined, 'kubelet has no kubeconfig in the usual places'],
    ['an empty file', '', 'FILE cannot be used: it is not a mapping'],
    ['a context without a server', kubeconfig(), 'the current context of FILE names no server'],
    [
      'no YAML',
      '{ server: s3cr3t',
      /^\S+ cannot be used: it is not YAML \(missing char at line 1, column \d+\)$/,
    ],
  ])('%s', (_, text, why) => {
    const path = text === undefined ? '/nonexistent' : file('kubelet.conf', text);
    const expected = typeof why === 'string' ? why.replace('FILE', path) : expect.stringMatching(why);
    expect(collectKubelet([], [path])).toEqual({ seen: false, why: expected });
  });

  test('a directory in its place', () => {
    const path = tempDir();
    expect(collectKubelet([], [path])).toEqual({ seen: false, why: `${path} is a directory` });
  });
});

// As kube-proxy prints the configuration in memory, shortened: keys have the names of Go's fields.
const CONFIGZ = (mode: string, cidrs: readonly string[] | null): string =>
  JSON.stringify({
    'kubeproxy.config.k8s.io': {
      FeatureGates: {},
      Mode: mode,
      IPTables: { MasqueradeBit: 14, SyncPeriod: '30s' },
      IPVS: { SyncPeriod: '30s', Scheduler: '', ExcludeCIDRs: cidrs, StrictARP: true },
    },
  });

// kubeadm's ConfigMap, shortened.
const CONFIG_CONF = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
ipvs:
  excludeCIDRs:
  - 10.99.0.1/32
  strictARP: false
kind: KubeProxyConfiguration
mode: ipvs
`;

describe("kube-proxy's configuration", () => {
  test.each([
    ['in memory', CONFIGZ('ipvs', ['10.99.0.1/32']), 'ipvs', ['10.99.0.1/32']],
    ['in memory, without exclusions', CONFIGZ('ipvs', null), 'ipvs', []],
    ['in memory, the mode left open', CONFIGZ('', null), 'iptables', []],
    ["kubeadm's", CONFIG_CONF, 'ipvs', ['10.99.0.1/32']],
    [
      "kubeadm's as it is at first",
      'kind: KubeProxyConfiguration\nmode: ""\nipvs:\n  excludeCIDRs: null\n',
      'iptables',
      [],
    ],
    ['nearly empty', 'kind: KubeProxyConfiguration\n', 'iptables', []],
  ])('%s', (_, text, mode, excludeCIDRs) => {
    expect(readConfiguration(text, 'x')).toEqual({ mode, excludeCIDRs, source: 'x' });
  });

  test.each(['', 'null', '[]', '<html>', '{', 'kind: ConfigMap\n', '"text"'])('%j is none', text => {
    expect(readConfiguration(text, 'x')).toBeUndefined();
  });
});

describe('kube-proxy', () => {
  const NOBODY = { address: '127.0.0.1', port: 1 };
  const ask = (
    processes: readonly HostProcess[],
    { metrics = NOBODY, configMap }: { metrics?: { address: string; port: number }; configMap?: string } = {},
  ) => collectKubeProxy(processes, async () => configMap, NEVER, metrics);

  async function metricsServer(pages: Record<string, string>) {
    const server = createServer((request, response) => {
      const page = pages[request.url ?? ''];
      response.writeHead(page === undefined ? 404 : 200).end(page ?? 'not found');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
  }

  test('says itself which mode it chose', async () => {
    const metrics = await metricsServer({ '/proxyMode': 'nftables', '/configz': CONFIGZ('', null) });
    expect(await ask([], { metrics })).toEqual({
      seen: true,
      value: { mode: 'nftables', excludeCIDRs: [], source: 'its /configz' },
    });
  });

  test('another program at its port is not believed', async () => {
    const metrics = await metricsServer({ '/proxyMode': 'ipvs', '/configz': '{}' });
    expect(await ask([], { metrics })).toEqual({ seen: false, why: 'no kube-proxy runs here' });
  });

  test('in a container: its file is read as it sees it', async () => {
    const directory = tempDir();
    mkdirSync(join(directory, 'root/var/lib/kube-proxy'), { recursive: true });
    writeFileSync(join(directory, 'root/var/lib/kube-proxy/config.conf'), CONFIG_CONF);
    const argv = ['/usr/local/bin/kube-proxy', '--config=/var/lib/kube-proxy/config.conf'];
    expect(await ask([running(argv, directory)])).toEqual({
      seen: true,
      value: { mode: 'ipvs', excludeCIDRs: ['10.99.0.1/32'], source: 'its configuration file' },
    });
  });

  test.each([
    [
      ['--proxy-mode=ipvs', '--ipvs-exclude-cidrs=10.99.0.0/16,fd99::/64'],
      'ipvs',
      ['10.99.0.0/16', 'fd99::/64'],
    ],
    [['--proxy-mode', 'nftables'], 'nftables', []],
    [[], 'iptables', []],
  ])('its flags %j', async (flags, mode, excludeCIDRs) => {
    expect(await ask([running(['kube-proxy', ...flags])])).toEqual({
      seen: true,
      value: { mode, excludeCIDRs, source: 'its flags' },
    });
  });

  test('a process of somebody else that calls itself so is none, and its file is not read', async () => {
    const argv = ['kube-proxy', '--proxy-mode=ipvs', '--config=/dev/zero'];
    const pretender = running(argv, tempDir(), '65534\t65534\t65534\t65534');
    expect(await ask([pretender], { configMap: CONFIG_CONF })).toEqual({
      seen: false,
      why: 'no kube-proxy runs here',
    });
  });

  test('the ConfigMap is asked when its file cannot be read', async () => {
    const process = running(['kube-proxy', '--config', '/x']);
    expect(await ask([process], { configMap: CONFIG_CONF })).toMatchObject({
      value: { mode: 'ipvs', source: 'ConfigMap kube-system/kube-proxy' },
    });
    const why = 'neither kube-proxy nor its configuration could be asked';
    expect(await ask([process])).toEqual({ seen: false, why });
    expect(await ask([process], { configMap: 'rubbish' })).toEqual({ seen: false, why });
  });
});
