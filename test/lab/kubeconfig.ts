// A kubeconfig for the lab's stand-ins, which ask for no credentials.
import type { Machine } from './machine.ts';

export const KUBECONFIG = '/tmp/kubeconfig';

/** `server` is a URL, most often https://VIP:PORT. */
export function writeKubeconfig(machine: Machine, server: string): Promise<void> {
  const cluster = { server, 'certificate-authority': `${machine.labDirectory}/pki/ca.crt` };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    clusters: [{ name: 'lab', cluster }],
    users: [{ name: 'lab', user: {} }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
  };
  return machine.writeFile(KUBECONFIG, JSON.stringify(config));
}
