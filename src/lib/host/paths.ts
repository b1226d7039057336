// Where things are on a node; one place, so that the guide and the code cannot disagree.

export const DEFAULT_PERSIST_DIR = '/root/.bcs';
export const PERSISTED_FILE = 'ipvsConfig.yaml';
export const STATE_FILE = 'state.json';
export const MEMORY_FILE = 'masters.json';
export const MODULES_LOAD_FILE = '/etc/modules-load.d/bcs-apiserver-proxy.conf';
export const SYSCTL_FILE = '/etc/sysctl.d/90-bcs-apiserver-proxy.conf';
export const UNIT_DIRECTORY = '/etc/systemd/system';
/** Run at the end of boot by init systems without units. */
export const RC_LOCAL = '/etc/rc.local';
/** Where kubeadm has kubelet look for pods that it starts by itself. */
export const STATIC_POD_DIRECTORY = '/etc/kubernetes/manifests';
export const STATIC_POD_FILE = `${STATIC_POD_DIRECTORY}/bcs-apiserver-proxy.yaml`;
