// The static pod: kubelet itself starts it from a file of the node, before any API answers. Such a pod may not refer to
// objects of the API, a service account included: the admission of mirror pods refuses it, and kubelet does from 1.34 on.
// So it has the credentials of kubelet, and of the files with them no more than it needs.
import type { V1Pod } from './kubernetes.ts';
import { NAME, type PodOptions } from './options.ts';
import { type HostPath, podMetadata, podSpec } from './pod.ts';

/** Where kubeadm has kubelet keep them. */
export const KUBELET_KUBECONFIG = '/etc/kubernetes/kubelet.conf';
const KUBELET_PKI = '/var/lib/kubelet/pki';

export interface StaticPodOptions extends PodOptions {
  /** As `args` have it; undefined = it asks no API. */
  readonly kubeconfig: string | undefined;
}

/** Not for a scheduler: no tolerations, since kubelet runs it whatever the taints, and no labels of nodes, which it may not know yet. */
export function staticPod(options: StaticPodOptions): V1Pod {
  const { namespace, kubeconfig } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME, namespace, ...podMetadata(options) },
    spec: podSpec(options, kubeconfig === undefined ? [] : credentials(kubeconfig)),
  };
}

/**
 * The kubeconfig alone, since a master has the keys of the cluster beside it. Of the type File kubelet makes nothing where it
 * does not exist yet, as before `kubeadm join`, and tries again until it does; of no type the runtime would make a
 * directory in its place. The certificate that it names is a symbolic link, which each renewal points elsewhere: the
 * directory is needed.
 */
function credentials(kubeconfig: string): HostPath[] {
  return [
    { name: 'kubeconfig', path: kubeconfig, type: 'File', readOnly: true },
    { name: 'kubelet-pki', path: KUBELET_PKI, type: 'Directory', readOnly: true },
  ];
}
