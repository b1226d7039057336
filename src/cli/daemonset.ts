// `install-service --role daemonset`: from the flags that were given to the manifests of a DaemonSet.
import { UsageError } from '../lib/errors.ts';
import type { KubernetesObject } from '../lib/manifests/kubernetes.ts';
import { manifests } from '../lib/manifests/manifests.ts';
import type { HostPort } from '../lib/model/address.ts';
import { daemonArguments } from './daemon-arguments.ts';
import { checkPodFlags, HOST_FILE, NO_CREDENTIALS, type PodFlags, refuseFlags } from './pod-flags.ts';

export interface DaemonSetManifests {
  readonly objects: readonly KubernetesObject[];
  /** One sentence each, for stderr. */
  readonly notes: readonly string[];
}

/** `flags` are values as oclif hands them over. Throws UsageError for what the daemon, or a pod, could not use. */
export function daemonSetManifests(
  flags: Readonly<Record<string, unknown>>,
  { image, namespace }: PodFlags,
): DaemonSetManifests {
  refuseFlags(flags, NOT_IN_A_POD);
  checkPodFlags({ image, namespace });
  const { args, config, notes } = daemonArguments(flags);
  checkListen(config.listen);
  const { discovery, persistDir, listen } = config;
  return { objects: manifests({ args, image, namespace, discovery, persistDir, listen }), notes };
}

/** Flag -> why not, and what instead. */
export const NOT_IN_A_POD: Readonly<Record<string, string>> = {
  config: `${HOST_FILE}; give what it says as flags`,
  kubeconfig: `${HOST_FILE}, which has its service account; leave it out`,
  'ca-file': `${HOST_FILE}, which has the CA of its service account; leave it out`,
  ...NO_CREDENTIALS,
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
