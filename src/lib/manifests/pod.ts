// The pod of the daemon, whoever starts it: in the host's network, with one capability and a root that it cannot write.
import type { V1Container, V1ObjectMeta, V1PodSpec, V1Probe, V1Volume, V1VolumeMount } from './kubernetes.ts';
import { LABELS, NAME, type PodOptions } from './options.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1']);
const ANY = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** A file or directory of the host, at the same path in the container. */
export interface HostPath {
  /** Of the volume. */
  readonly name: string;
  readonly path: string;
  readonly type: 'File' | 'Directory' | 'DirectoryOrCreate';
  readonly readOnly?: true;
}

export function podMetadata(options: PodOptions): V1ObjectMeta {
  return { labels: LABELS, ...scraped(options) };
}

/** `more`: what is mounted besides the persist directory. */
export function podSpec(options: PodOptions, more: readonly HostPath[] = []): V1PodSpec {
  const hostPaths = [persisted(options), ...more];
  return {
    hostNetwork: true,
    // A Service named like us would set variables that look like our flags.
    enableServiceLinks: false,
    // The node's own: the daemon must work where the cluster's DNS does not yet.
    dnsPolicy: 'Default',
    priorityClassName: 'system-node-critical',
    // It ends within a second, and leaves the rules as they are.
    terminationGracePeriodSeconds: 10,
    containers: [container(options, hostPaths)],
    volumes: [...hostPaths.map(volumeOf), { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } }],
  };
}

function persisted({ persistDir }: PodOptions): HostPath {
  return { name: 'persisted', path: persistDir, type: 'DirectoryOrCreate' };
}

function volumeOf({ name, path, type }: HostPath): V1Volume {
  return { name, hostPath: { path, type } };
}

function mountOf({ name, path, readOnly }: HostPath): V1VolumeMount {
  return { name, mountPath: path, ...(readOnly && { readOnly }) };
}

function container(options: PodOptions, hostPaths: readonly HostPath[]): V1Container {
  const { args, image, listen } = options;
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
      ...hostPaths.map(mountOf),
      // The native addon is loaded through a nameless file here: writable, and not mounted noexec.
      { name: 'run', mountPath: '/run' },
    ],
  };
}

/** Asked by kubelet, which is on the same host: loopback is enough. */
function probes({
  listen,
}: PodOptions): Pick<V1Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'> {
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
function scraped(options: PodOptions): { annotations?: Record<string, string> } {
  if (!scrapable(options)) return {};
  return {
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(options.listen?.port) },
  };
}

function scrapable({ listen }: PodOptions): boolean {
  return listen !== undefined && !LOOPBACK.has(listen.address);
}
