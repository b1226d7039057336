// The static pod: the DaemonSet's pod but for the credentials, which it takes from the node and not from the API.
import { readFileSync } from 'node:fs';
import { Parser } from '@oclif/core';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { daemonFlags } from '../../../src/cli/daemon-flags.ts';
import { DEFAULT_IMAGE, DEFAULT_NAMESPACE } from '../../../src/cli/pod-flags.ts';
import { staticPodManifest } from '../../../src/cli/static-pod.ts';
import { loadDaemonConfig } from '../../../src/lib/config/load.ts';
import { daemonSet } from '../../../src/lib/manifests/daemon-set.ts';
import type { V1PodSpec } from '../../../src/lib/manifests/kubernetes.ts';
import { type StaticPodOptions, staticPod } from '../../../src/lib/manifests/static-pod.ts';
import { schemaProblems } from '../../helpers/kubernetes-schema.ts';
import { kubectl } from '../../helpers/kubernetes-tools.ts';

const OPTIONS: StaticPodOptions = {
  args: ['--vs', '10.99.0.1:6443', '--kubeconfig', '/etc/kubernetes/kubelet.conf'],
  image: 'registry.example/bcs-apiserver-proxy:1',
  namespace: 'kube-system',
  kubeconfig: '/etc/kubernetes/kubelet.conf',
  persistDir: '/root/.bcs',
  listen: { address: '127.0.0.1', port: 8004 },
};

function specOf(changes: Partial<StaticPodOptions> = {}): V1PodSpec {
  const { spec } = staticPod({ ...OPTIONS, ...changes });
  if (spec === undefined) throw new Error('the pod has no specification');
  return spec;
}

const hostPaths = ({ volumes = [] }: V1PodSpec) => volumes.flatMap(({ hostPath }) => hostPath ?? []);

test.each<Partial<StaticPodOptions>>([{}, { kubeconfig: undefined, listen: undefined }])(
  'has no field that Kubernetes does not know, and all that it needs: %j',
  changes => {
    expect(schemaProblems(staticPod({ ...OPTIONS, ...changes }), 'V1Pod')).toEqual([]);
  },
);

test('kubectl reads every field of it', () => {
  const path = 'test/golden/manifests/static-pod.yaml';
  const args = ['set', 'image', '--local', '-f', path, '-o', 'yaml', 'bcs-apiserver-proxy=other:2'];
  const { exitCode, stdout, stderr } = kubectl(...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const { status: _, ...read } = parse(stdout);
  const written = parse(readFileSync(path, 'utf8'));
  written.spec.containers[0].image = 'other:2';
  expect(read).toEqual(written);
});

describe('of the API', () => {
  test('it refers to no object: kubelet and the admission of mirror pods would refuse it', () => {
    const spec = specOf();
    expect(Object.keys(spec)).not.toContain('serviceAccountName');
    expect(Object.keys(spec)).not.toContain('imagePullSecrets');
    const kinds = (spec.volumes ?? []).flatMap(({ name: _, ...source }) => Object.keys(source));
    expect(new Set(kinds)).toEqual(new Set(['hostPath', 'emptyDir']));
    const [{ env, envFrom } = {}] = spec.containers;
    expect({ env, envFrom }).toEqual({});
  });

  test('it asks nothing of a scheduler', () => {
    const { nodeSelector, tolerations, affinity } = specOf();
    expect({ nodeSelector, tolerations, affinity }).toEqual({});
  });
});

describe('of the host', () => {
  const KUBECONFIG = '/srv/proxy.conf';

  test('it sees the persist directory, one kubeconfig and the certificates of kubelet, and writes to the first only', () => {
    const spec = specOf({ kubeconfig: KUBECONFIG });
    expect(hostPaths(spec)).toEqual([
      { path: '/root/.bcs', type: 'DirectoryOrCreate' },
      { path: KUBECONFIG, type: 'File' },
      { path: '/var/lib/kubelet/pki', type: 'Directory' },
    ]);
    const mounts = spec.containers[0]?.volumeMounts ?? [];
    expect(mounts.filter(({ readOnly }) => readOnly).map(({ mountPath }) => mountPath)).toEqual([
      KUBECONFIG,
      '/var/lib/kubelet/pki',
    ]);
  });

  test('nothing is made where kubelet.conf does not exist yet', () => {
    const types = hostPaths(specOf()).filter(({ path }) => path !== '/root/.bcs');
    expect(types.map(({ type }) => type)).toEqual(['File', 'Directory']);
  });

  test('without an API to ask it sees no credentials', () => {
    expect(hostPaths(specOf({ kubeconfig: undefined })).map(({ path }) => path)).toEqual(['/root/.bcs']);
  });

  test('what is mounted has a volume, and every volume is mounted at its own path', () => {
    const { volumes = [], containers } = specOf();
    const paths = volumes.map(({ name, hostPath }) => [name, hostPath?.path ?? '/run']);
    expect(containers[0]?.volumeMounts?.map(({ name, mountPath }) => [name, mountPath])).toEqual(paths);
  });
});

test("all else of it is the DaemonSet's", () => {
  const [mine] = specOf().containers;
  const { spec } = daemonSet({ ...OPTIONS, discovery: 'endpoints' }).spec?.template ?? {};
  const [theirs] = spec?.containers ?? [];
  expect({ ...mine, volumeMounts: theirs?.volumeMounts }).toEqual(theirs);
  const { hostNetwork, enableServiceLinks, dnsPolicy, priorityClassName } = specOf();
  expect(spec).toMatchObject({ hostNetwork, enableServiceLinks, dnsPolicy, priorityClassName });
});

describe('from flags', () => {
  const podFlags = { image: DEFAULT_IMAGE, namespace: DEFAULT_NAMESPACE };
  const given = { vs: '10.99.0.1:6443', rs: ['10.0.0.11:6443'], 'persist-dir': '/nonexistent/bcs' };

  async function configOf(flags: Readonly<Record<string, unknown>>) {
    const { pod, kubeconfig } = staticPodManifest({ ...given, ...flags }, podFlags);
    const [command, ...rest] = pod.spec?.containers[0]?.args ?? [];
    expect(command).toBe('daemon');
    const parsed = await Parser.parse(rest, { flags: daemonFlags, strict: true });
    const { config } = loadDaemonConfig({ flags: parsed.flags });
    return { config, kubeconfig, paths: hostPaths(pod.spec as V1PodSpec).map(({ path }) => path) };
  }

  test.each<[string, Record<string, string>, string | undefined]>([
    ["kubelet's", {}, '/etc/kubernetes/kubelet.conf'],
    ['another one', { kubeconfig: '/srv/k.conf' }, '/srv/k.conf'],
    ['none where nothing is asked', { discovery: 'static' }, undefined],
    ['the one that is given all the same', { discovery: 'static', kubeconfig: '/srv/k.conf' }, '/srv/k.conf'],
  ])('the kubeconfig: %s', async (_, flags, expected) => {
    const { config, kubeconfig, paths } = await configOf(flags);
    expect(config.kubeconfig).toBe(expected);
    expect(kubeconfig).toBe(expected);
    expect(paths.includes(expected ?? '/var/lib/kubelet/pki')).toBe(expected !== undefined);
  });

  test("an address of the node may be given: it is that node's file", async () => {
    const { config } = await configOf({ 'source-ip': '10.0.0.21', listen: '10.0.0.21:8004' });
    expect(config.listen).toEqual({ address: '10.0.0.21', port: 8004 });
    expect(config.spec.sourceIp).toBe('10.0.0.21');
  });
});
