// The manifests: known to Kubernetes field by field, runnable by our own command line, and allowed exactly what is asked.
import { Parser } from '@oclif/core';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { daemonArguments } from '../../../src/cli/daemon-arguments.ts';
import { daemonFlags } from '../../../src/cli/daemon-flags.ts';
import { loadDaemonConfig } from '../../../src/lib/config/load.ts';
import type { KubernetesObject, V1DaemonSet, V1Role } from '../../../src/lib/manifests/kubernetes.ts';
import { formatManifests, manifests } from '../../../src/lib/manifests/manifests.ts';
import type { ManifestOptions } from '../../../src/lib/manifests/options.ts';
import { schemaProblems } from '../../helpers/kubernetes-schema.ts';

const OPTIONS: ManifestOptions = {
  args: ['--vs', '10.99.0.1:6443'],
  image: 'registry.example/bcs-apiserver-proxy:1',
  namespace: 'kube-system',
  discovery: 'endpoints',
  persistDir: '/root/.bcs',
  listen: { address: '127.0.0.1', port: 8004 },
};

const of = (changes: Partial<ManifestOptions> = {}): KubernetesObject[] =>
  manifests({ ...OPTIONS, ...changes });
const kinds = (changes: Partial<ManifestOptions>): (string | undefined)[] =>
  of(changes).map(({ kind }) => kind);

function daemonSetOf(changes: Partial<ManifestOptions> = {}): V1DaemonSet {
  return of(changes).find(({ kind }) => kind === 'DaemonSet') as V1DaemonSet;
}

function containerOf(changes: Partial<ManifestOptions> = {}) {
  const [container] = daemonSetOf(changes).spec?.template.spec?.containers ?? [];
  if (container === undefined) throw new Error('the DaemonSet has no container');
  return container;
}

describe('every object', () => {
  const variants: Partial<ManifestOptions>[] = [
    {},
    { discovery: 'nodes', listen: { address: '::', port: 9000 } },
    { discovery: 'static', listen: undefined, namespace: 'proxy' },
  ];

  test.each(variants)('has no field that Kubernetes does not know, and all that it needs: %j', changes => {
    for (const object of of(changes)) expect(schemaProblems(object, `V1${object.kind}`)).toEqual([]);
  });

  test('the check notices a field that is unknown, missing or of another type', () => {
    const object = structuredClone(daemonSetOf()) as unknown as { spec: Record<string, unknown> };
    object.spec.updateStragety = {};
    object.spec.minReadySeconds = '1';
    delete object.spec.selector;
    expect(schemaProblems(object, 'V1DaemonSet')).toEqual([
      'V1DaemonSet.spec.selector: missing',
      'V1DaemonSet.spec.updateStragety: unknown',
      'V1DaemonSet.spec.minReadySeconds: number is expected',
    ]);
  });

  test.each(['yes', 'off', 'y', '0755', '1:30', '1_000', '~', '1e3'])(
    'the namespace "%s" stays text for kubectl',
    namespace => {
      const read = parseAllDocuments(formatManifests(of({ namespace })), { version: '1.1' });
      expect(read.map(document => document.toJS())).toEqual(of({ namespace }));
    },
  );

  test('is in the YAML as it is, the same text each time', () => {
    const text = formatManifests(of());
    expect(parseAllDocuments(text).map(document => document.toJS())).toEqual(of());
    expect(formatManifests(of())).toBe(text);
  });
});

describe('access', () => {
  const rules = (changes: Partial<ManifestOptions>) =>
    (of(changes) as V1Role[]).flatMap(({ kind, metadata, rules: found = [] }) =>
      found.map(rule => ({ kind, namespace: metadata?.namespace, ...rule })),
    );

  test('endpoints: reading the slices of the namespace default, and one object named kubernetes', () => {
    const verbs = ['get', 'list', 'watch'];
    const common = { kind: 'Role', namespace: 'default', verbs };
    expect(rules({})).toEqual([
      { ...common, apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
      { ...common, apiGroups: [''], resources: ['endpoints'], resourceNames: ['kubernetes'] },
    ]);
  });

  test('only nodes needs something of the whole cluster, and static needs nothing', () => {
    expect(kinds({})).toEqual(['ServiceAccount', 'Role', 'RoleBinding', 'DaemonSet']);
    expect(kinds({ discovery: 'nodes' })).toEqual([
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'DaemonSet',
    ]);
    expect(kinds({ discovery: 'static' })).toEqual(['ServiceAccount', 'DaemonSet']);
    expect(daemonSetOf({ discovery: 'static' }).spec?.template.spec?.automountServiceAccountToken).toBe(
      false,
    );
  });

  test('it is given to the service account that the pods have', () => {
    const objects = of({ namespace: 'proxy' });
    const { metadata } = objects.find(({ kind }) => kind === 'ServiceAccount') ?? {};
    const binding = objects.find(({ kind }) => kind === 'RoleBinding');
    expect(binding).toMatchObject({
      roleRef: { kind: 'Role', name: objects.find(({ kind }) => kind === 'Role')?.metadata?.name },
      subjects: [{ kind: 'ServiceAccount', name: metadata?.name, namespace: 'proxy' }],
    });
    const daemonSet = daemonSetOf({ namespace: 'proxy' });
    expect(daemonSet.metadata?.namespace).toBe(metadata?.namespace);
    expect(daemonSet.spec?.template.spec?.serviceAccountName).toBe(metadata?.name);
  });
});

describe('the pod', () => {
  test('its arguments are a command line of ours', async () => {
    const given = { vs: '10.99.0.1:6443', discovery: 'nodes', rise: '3', route: false };
    const [command, ...rest] = containerOf({ args: daemonArguments(given).args }).args ?? [];
    expect(command).toBe('daemon');
    const { flags } = await Parser.parse(rest, { flags: daemonFlags, strict: true });
    const { config } = loadDaemonConfig({ flags, persistDir: '/nonexistent' });
    expect(config).toMatchObject({ discovery: 'nodes', probe: { rise: 3 }, spec: { route: false } });
  });

  test('has one capability, no way to more, and a root that it cannot write', () => {
    expect(containerOf().securityContext).toEqual({
      runAsUser: 0,
      runAsGroup: 0,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  test('has of the host its network and one directory', () => {
    const {
      volumes = [],
      hostNetwork,
      hostPID,
      hostIPC,
    } = daemonSetOf({ persistDir: '/var/lib/x' }).spec?.template.spec ?? {};
    expect({ hostNetwork, hostPID, hostIPC }).toEqual({ hostNetwork: true });
    expect(volumes.flatMap(({ hostPath }) => hostPath?.path ?? [])).toEqual(['/var/lib/x']);
    expect(containerOf({ persistDir: '/var/lib/x' }).volumeMounts).toContainEqual({
      name: 'persisted',
      mountPath: '/var/lib/x',
    });
  });

  test('mounts what it names, and names what it mounts', () => {
    const { volumes = [] } = daemonSetOf().spec?.template.spec ?? {};
    const names = (items: readonly { name: string }[]): string[] => items.map(({ name }) => name).sort();
    expect(names(containerOf().volumeMounts ?? [])).toEqual(names(volumes));
  });

  test('its labels are those that the DaemonSet selects', () => {
    const { spec } = daemonSetOf();
    expect(spec?.template.metadata?.labels).toMatchObject(spec?.selector.matchLabels ?? {});
  });

  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
  ])('listening on %s it is asked on %s', (address, host) => {
    const { livenessProbe, readinessProbe, startupProbe } = containerOf({ listen: { address, port: 9 } });
    expect(livenessProbe?.httpGet).toEqual({ host, port: 9, path: '/healthz', scheme: 'HTTP' });
    expect(startupProbe?.httpGet).toEqual(livenessProbe?.httpGet);
    expect(readinessProbe?.httpGet?.path).toBe('/readyz');
  });

  test('without HTTP there are no probes', () => {
    expect(Object.keys(containerOf({ listen: undefined })).filter(key => key.endsWith('Probe'))).toEqual([]);
  });

  test('says where it can be scraped, if others than the node can reach it', () => {
    const annotations = (address: string) =>
      daemonSetOf({ listen: { address, port: 8004 } }).spec?.template.metadata?.annotations;
    expect(annotations('127.0.0.1')).toBeUndefined();
    expect(annotations('0.0.0.0')).toEqual({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8004' });
  });
});
