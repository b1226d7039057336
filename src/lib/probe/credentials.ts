// What probes show and whom they trust, read from disk and read again now and then, because all of it rotates.
import { createSecureContext } from 'node:tls';
import { errnoCode, ProxyError } from '../errors.ts';
import { APISERVER_NAME } from '../model/apiserver-name.ts';
import { readFileIfThere } from '../store/atomic-file.ts';
import { readCurrentCluster } from '../store/kubeconfig.ts';
import { readToken } from '../store/token.ts';
import type { TlsSettings } from './connection.ts';

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

/**
 * Without a file of its own the cluster's CA is looked for where pods and control-plane nodes have it. Files that are in the
 * middle of a rotation are no reason to stop: the last good ones stay, and `problem` is told. Throws ProxyError where
 * nothing was good yet.
 */
export function credentialsFrom(
  files: CredentialFiles,
  problem: (error: unknown) => void,
): () => TlsSettings {
  let settings: TlsSettings | undefined;
  let readAt = 0;
  return () => {
    if (settings !== undefined && performance.now() - readAt < MAX_AGE_MS) return settings;
    try {
      settings = readCredentials(files);
    } catch (error) {
      if (settings === undefined) throw error;
      problem(error);
    }
    readAt = performance.now();
    return settings;
  };
}

function readCredentials(files: CredentialFiles): TlsSettings {
  const { tokenFile, certificateFile, keyFile, kubeconfig } = files;
  const cert = certificateFile === undefined ? undefined : readGiven(certificateFile);
  const key = keyFile === undefined ? undefined : readGiven(keyFile);
  if (cert !== undefined) requirePair(cert, key, `${certificateFile} and ${keyFile}`);
  return {
    ca: findCa(files),
    serverName:
      (kubeconfig === undefined ? undefined : readCurrentCluster(kubeconfig)?.serverName) ?? APISERVER_NAME,
    token: tokenFile === undefined ? undefined : readToken(tokenFile),
    cert,
    key,
  };
}

/** PEM. Throws ProxyError: a CA that was asked for is not done without. */
export function findCa({ caFile, kubeconfig }: CredentialFiles): string | undefined {
  if (caFile !== undefined) return readGiven(caFile);
  const named = kubeconfig === undefined ? undefined : readCurrentCluster(kubeconfig)?.ca;
  return named ?? readFileIfThere(SERVICE_ACCOUNT_CA) ?? readFileIfThere(KUBEADM_CA);
}

function readGiven(path: string): string {
  const text = readFileIfThere(path);
  if (text !== undefined) return text;
  throw new ProxyError('no-such-file', `${path}: there is no such file`);
}

function requirePair(cert: string, key: string | undefined, files: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const code = errnoCode(error) ?? 'unreadable';
    throw new ProxyError(
      'certificate-unusable',
      `${files} are no certificate and its key (${code.toLowerCase()})`,
    );
  }
}
