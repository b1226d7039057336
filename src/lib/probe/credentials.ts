// What probes show and whom they trust, read from disk and read again now and then, because all of it rotates.
import { readFileIfThere } from '../store/atomic-file.ts';
import { readCurrentCluster } from '../store/kubeconfig.ts';
import type { TlsSettings } from './connection.ts';

/** In the certificate of every apiserver (kubeadm and its relatives). */
export const APISERVER_NAME = 'kubernetes.default.svc';

const SERVICE_ACCOUNT_CA = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt';
const KUBEADM_CA = '/etc/kubernetes/pki/ca.crt';

/** Kubelet renews a mounted token when 80 % of its life (at least 10 minutes) is over. */
const MAX_AGE_MS = 60_000;

export interface CredentialFiles {
  readonly caFile?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Its current cluster's CA is used where no CA file is given. */
  readonly kubeconfig?: string | undefined;
}

/** Without a file of its own the cluster's CA is looked for where pods and control-plane nodes have it. */
export function credentialsFrom(files: CredentialFiles): () => TlsSettings {
  let settings: TlsSettings | undefined;
  let readAt = 0;
  return () => {
    if (settings !== undefined && performance.now() - readAt < MAX_AGE_MS) return settings;
    readAt = performance.now();
    settings = readCredentials(files);
    return settings;
  };
}

function readCredentials(files: CredentialFiles): TlsSettings {
  const { tokenFile, certificateFile, keyFile } = files;
  return {
    ca: findCa(files),
    serverName: APISERVER_NAME,
    token: tokenFile === undefined ? undefined : readFileIfThere(tokenFile)?.trim(),
    cert: certificateFile === undefined ? undefined : readFileIfThere(certificateFile),
    key: keyFile === undefined ? undefined : readFileIfThere(keyFile),
  };
}

/** PEM. Throws ProxyError, or what the YAML parser throws. */
export function findCa({ caFile, kubeconfig }: CredentialFiles): string | undefined {
  if (caFile !== undefined) return readFileIfThere(caFile);
  const named = kubeconfig === undefined ? undefined : readCurrentCluster(kubeconfig)?.ca;
  return named ?? readFileIfThere(SERVICE_ACCOUNT_CA) ?? readFileIfThere(KUBEADM_CA);
}
