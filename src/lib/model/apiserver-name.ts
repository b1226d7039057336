// Under which names an apiserver may show its certificate: one rule for probes, status and discovery.
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** In the certificate of every apiserver of kubeadm and its relatives. */
export const APISERVER_NAME = 'kubernetes.default.svc';

/** For `checkServerIdentity` of node:tls. */
export type Identity = (host: string, certificate: PeerCertificate) => Error | undefined;

/**
 * Hand-made certificates may have only an address, of the master or of the VIP. A name that was asked for (tls-server-name of
 * a kubeconfig) is the only one.
 */
export function apiserverIdentity(serverName: string | undefined, ...addresses: readonly string[]): Identity {
  const isGiven = serverName !== undefined && serverName !== APISERVER_NAME;
  const names = isGiven ? [serverName] : [APISERVER_NAME, 'kubernetes', ...addresses];
  return (_host, certificate) => {
    const problems = names.map(name => checkServerIdentity(name, certificate));
    return problems.includes(undefined) ? undefined : problems[0];
  };
}
