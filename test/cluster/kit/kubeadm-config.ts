// The configuration of kubeadm for one master, in the version of its API that the version of Kubernetes reads.
import { stringify } from 'yaml';
import { ETCD, PODS, SERVICES, VIRTUAL_SERVER } from './addresses.ts';

export const TOKEN = 'abcdef.0123456789abcdef';

export function kubeadmConfig(version: string, master: number, address: string): string {
  const apiVersion = `kubeadm.k8s.io/${apiOf(version)}`;
  const documents = [
    {
      apiVersion,
      kind: 'InitConfiguration',
      bootstrapTokens: [{ token: TOKEN, ttl: '24h0m0s', usages: ['signing', 'authentication'] }],
      localAPIEndpoint: { advertiseAddress: address, bindPort: 6443 },
      nodeRegistration: { name: `m${master}`, criSocket: CRI_SOCKET },
    },
    {
      apiVersion,
      kind: 'ClusterConfiguration',
      kubernetesVersion: version,
      controlPlaneEndpoint: VIRTUAL_SERVER,
      etcd: { external: { endpoints: [`http://${ETCD}:2379`] } },
      networking: { serviceSubnet: SERVICES, podSubnet: PODS },
    },
    {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      cgroupDriver: 'cgroupfs',
      failSwapOn: false,
    },
  ];
  return documents.map(document => stringify(document)).join('---\n');
}

export const CRI_SOCKET = 'unix:///run/containerd/containerd.sock';

function apiOf(version: string): string {
  const minor = Number(version.split('.')[1]);
  if (minor >= 31) return 'v1beta4';
  return minor >= 22 ? 'v1beta3' : 'v1beta2';
}
