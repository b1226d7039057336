// `install-service --role daemonset`: from the flags that were given to the manifests of a DaemonSet.
import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../lib/errors.ts';
import type { KubernetesObject } from '../lib/manifests/kubernetes.ts';
import { manifests } from '../lib/manifests/manifests.ts';
import type { HostPort } from '../lib/model/address.ts';
import { daemonArguments } from './daemon-arguments.ts';

/** As scripts/image calls it. */
export const DEFAULT_IMAGE = `${packageJson.name}:${packageJson.version}`;
export const DEFAULT_NAMESPACE = 'kube-system';

export interface DaemonSetFlags {
  readonly image: string;
  readonly namespace: string;
}

export interface DaemonSetManifests {
  readonly objects: readonly KubernetesObject[];
  /** One sentence each, for stderr. */
  readonly notes: readonly string[];
}

/** `flags` are values as oclif hands them over. Throws UsageError for what the daemon, or a pod, could not use. */
export function daemonSetManifests(
  flags: Readonly<Record<string, unknown>>,
  { image, namespace }: DaemonSetFlags,
): DaemonSetManifests {
  for (const [name, instead] of Object.entries(NOT_IN_A_POD)) {
    if (flags[name] !== undefined) throw new UsageError(`--${name} ${flags[name]}: ${instead}`);
  }
  checkForm('image', image, IMAGE, 'NAME:TAG');
  checkForm('namespace', namespace, NAMESPACE, 'the name of a namespace');
  const { args, config, notes } = daemonArguments(flags);
  checkListen(config.listen);
  const { discovery, persistDir, listen } = config;
  return { objects: manifests({ args, image, namespace, discovery, persistDir, listen }), notes };
}

const HOST_FILE = 'a file of a host is not in the pod';

/** Flag -> why not, and what instead. */
export const NOT_IN_A_POD: Readonly<Record<string, string>> = {
  config: `${HOST_FILE}; give what it says as flags`,
  kubeconfig: `${HOST_FILE}, which has its service account; leave it out`,
  'ca-file': `${HOST_FILE}, which has the CA of its service account; leave it out`,
  'token-file': `${HOST_FILE}; probes need none, as 401 counts as ready; leave it out`,
  'client-certificate': `${HOST_FILE}; probes need none, as 401 counts as ready; leave it out`,
  'client-key': `${HOST_FILE}; probes need none, as 401 counts as ready; leave it out`,
  'source-ip': 'every node has another address, and the daemon finds its own; leave it out',
};

/** Addresses that mean the same on every node. */
export const EVERYWHERE: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '0.0.0.0', '::']);

function checkListen(listen: HostPort | undefined): void {
  if (listen === undefined || EVERYWHERE.has(listen.address)) return;
  throw new UsageError(
    `--listen ${listen.address}: every node has another address; give 127.0.0.1, or 0.0.0.0 for all of them`,
  );
}

/** REGISTRY[:PORT]/PATH:TAG@DIGEST, all but a name optional. */
const IMAGE = /^([\w.-]+(:\d+)?\/)?[\w.-]+(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/;
/** RFC 1123 label. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function checkForm(name: string, value: string, form: RegExp, expected: string): void {
  if (!form.test(value)) throw new UsageError(`--${name} ${value}: ${expected} is expected`);
}
