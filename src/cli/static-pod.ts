// `install-service --role static-pod`: from the flags that were given to the manifest for kubelet's directory.
import type { V1Pod } from '../lib/manifests/kubernetes.ts';
import { formatManifests } from '../lib/manifests/manifests.ts';
import { KUBELET_KUBECONFIG, staticPod } from '../lib/manifests/static-pod.ts';
import { daemonArguments } from './daemon-arguments.ts';
import {
  checkForm,
  checkPodFlags,
  HOST_FILE,
  NO_CREDENTIALS,
  type PodFlags,
  refuseFlags,
} from './pod-flags.ts';

export interface StaticPodManifest {
  readonly pod: V1Pod;
  /** Of the file. */
  readonly text: string;
  /** The file that kubelet waits for before it starts the pod. */
  readonly kubeconfig: string | undefined;
  /** One sentence each, for stderr. */
  readonly notes: readonly string[];
}

/** `flags` are values as oclif hands them over. Throws UsageError for what the daemon, or the pod, could not use. */
export function staticPodManifest(
  flags: Readonly<Record<string, unknown>>,
  { image, namespace }: PodFlags,
): StaticPodManifest {
  refuseFlags(flags, NOT_IN_A_STATIC_POD);
  checkPodFlags({ image, namespace });
  const { args, config, notes } = daemonArguments(withKubeconfig(flags));
  const { kubeconfig, persistDir, listen } = config;
  for (const [name, path] of Object.entries({ kubeconfig, 'persist-dir': persistDir })) {
    if (path !== undefined) checkForm(name, path, MOUNTABLE, 'a path without ":" and ".."');
  }
  const pod = staticPod({ args, image, namespace, kubeconfig, persistDir, listen });
  return { pod, text: `${HEADER}\n${formatManifests([pod])}`, kubeconfig, notes };
}

const HEADER =
  '# Written by bcs-apiserver-proxy; "bcs-apiserver-proxy install-service --uninstall" removes it.';

/** Flag -> why not, and what instead. One node's addresses are all right: the file is that node's. */
const NOT_IN_A_STATIC_POD: Readonly<Record<string, string>> = {
  config: `${HOST_FILE}; give what it says as flags`,
  'ca-file': `${HOST_FILE}; the CA in the kubeconfig is used; leave it out`,
  ...NO_CREDENTIALS,
};

/** Without an API to ask none is needed. */
function withKubeconfig(flags: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (flags.discovery === 'static') return flags;
  return { ...flags, kubeconfig: flags.kubeconfig ?? KUBELET_KUBECONFIG };
}

/** kubelet refuses others, and says so in its log alone. */
const MOUNTABLE = /^(?!.*\/\.\.(\/|$))[^:]+$/;
