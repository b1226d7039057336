// The DaemonSet: one daemon on every node, in the host's network, with one capability and a root that it cannot write.
import type { V1Container, V1DaemonSet, V1PodSpec, V1Probe } from './kubernetes.ts';
import { LABELS, type ManifestOptions, metadata, NAME, SELECTOR } from './options.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1']);
const ANY = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

export function daemonSet(options: ManifestOptions): V1DaemonSet {
  const { namespace } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata(namespace),
    spec: {
      selector: { matchLabels: SELECTOR },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      template: {
        metadata: { labels: LABELS, ...scraped(options) },
        spec: podSpec(options),
      },
    },
  };
}

function podSpec(options: ManifestOptions): V1PodSpec {
  return {
    serviceAccountName: NAME,
    automountServiceAccountToken: options.discovery !== 'static',
    hostNetwork: true,
    // A Service named like us would set variables that look like our flags.
    enableServiceLinks: false,
    // The node's own: the daemon must work where the cluster's DNS does not yet.
    dnsPolicy: 'Default',
    priorityClassName: 'system-node-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ operator: 'Exists' }],
    // It ends within a second, and leaves the rules as they are.
    terminationGracePeriodSeconds: 10,
    containers: [container(options)],
    volumes: [
      { name: 'persisted', hostPath: { path: options.persistDir, type: 'DirectoryOrCreate' } },
      { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
    ],
  };
}

function container(options: ManifestOptions): V1Container {
  const { args, image, persistDir, listen } = options;
  return {
    name: NAME,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['daemon', ...args],
    ...(scrapable(options) &&
      listen !== undefined && { ports: [{ name: 'metrics', containerPort: listen.port, protocol: 'TCP' }] }),
    ...probes(options),
    // Measured: docs/deploy.md. No CPU limit: a daemon that waits for its share fails over late.
    resources: { requests: { cpu: '20m', memory: '100Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: 'persisted', mountPath: persistDir },
      // The native addon is loaded through a nameless file here: writable, and not mounted noexec.
      { name: 'run', mountPath: '/run' },
    ],
  };
}

/** Asked by kubelet, which is on the same host: loopback is enough. */
function probes({
  listen,
}: ManifestOptions): Pick<V1Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'> {
  if (listen === undefined) return {};
  const host = ANY.get(listen.address) ?? listen.address;
  const get = (path: string): V1Probe => ({
    httpGet: { host, port: listen.port, path, scheme: 'HTTP' },
    timeoutSeconds: 3,
  });
  return {
    startupProbe: { ...get('/healthz'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...get('/healthz'), periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { ...get('/readyz'), periodSeconds: 5, failureThreshold: 1 },
  };
}

/** The annotations that many scrape configurations look for. On loopback nobody but the node could follow them. */
function scraped(options: ManifestOptions): { annotations?: Record<string, string> } {
  if (!scrapable(options)) return {};
  return {
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(options.listen?.port) },
  };
}

function scrapable({ listen }: ManifestOptions): boolean {
  return listen !== undefined && !LOOPBACK.has(listen.address);
}
