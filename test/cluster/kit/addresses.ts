// Who has which address in a test cluster.
/** Neither in the range of Services nor in that of pods. */
export const VIP = '10.254.0.1';
export const VIRTUAL_SERVER = `${VIP}:6443`;
export const SERVICES = '10.96.0.0/16';
export const PODS = '10.244.0.0/16';
export const PREFIX = 24;

export const ETCD = '10.88.0.5';
export const masterAddress = (number: number): string => `10.88.0.${10 + number}`;
export const WORKER = { address: '10.88.0.20', mac: '52:54:00:88:00:20' } as const;
