// Where kubelet finds its apiserver, as its kubeconfig has it.
import { messageOf } from '../../errors.ts';
import { flagOf, type HostProcess, isHostsRoots, programOf } from '../../host/processes.ts';
import { readCurrentCluster } from '../../store/kubeconfig.ts';
import type { Facts } from '../report.ts';

/** kubeadm's, and those of k3s and rke2, whose kubelet is a part of another program. */
const USUAL_KUBECONFIGS = [
  '/etc/kubernetes/kubelet.conf',
  '/var/lib/rancher/k3s/agent/kubelet.kubeconfig',
  '/var/lib/rancher/rke2/agent/kubelet.kubeconfig',
];

/** What a running kubelet was told comes first; else the first of the usual files that exists. */
export function collectKubelet(
  processes: readonly HostProcess[],
  usual: readonly string[] = USUAL_KUBECONFIGS,
): Facts['kubelet'] {
  const told = processes
    .filter(process => programOf(process) === 'kubelet' && isHostsRoots(process))
    .map(process => flagOf(process, 'kubeconfig'));
  const candidates = [...told.filter(path => path !== undefined), ...usual];
  for (const kubeconfig of candidates) {
    try {
      const cluster = readCurrentCluster(kubeconfig);
      if (cluster?.server !== undefined) return { seen: true, value: { kubeconfig, server: cluster.server } };
      if (cluster !== undefined)
        return { seen: false, why: `the current context of ${kubeconfig} names no server` };
    } catch (error) {
      return { seen: false, why: messageOf(error) };
    }
  }
  return { seen: false, why: 'kubelet has no kubeconfig in the usual places' };
}
