// The only importer of @kubernetes/client-node, of which we use KubeConfig: contexts, certificates, tokens, service
// accounts. Not its Watch and informer, which end after 30 s of silence, swallow what they cannot parse, and stop
// for good at the first failure.
import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { getCACertificates } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { messageOf, ProxyError } from '../errors.ts';
import { readFileIfThere } from '../store/atomic-file.ts';
import type { TlsOptions } from './api-client.ts';
import { prepareKubeconfig } from './kubeconfig.ts';

export interface ClusterOptions {
  /** Path; undefined = the service account of the pod that we run in. */
  readonly kubeconfig?: string | undefined;
  /** `https://...` instead of the kubeconfig's or the pod's server. */
  readonly server?: string | undefined;
  /** Stands before /var/run/secrets, for tests. */
  readonly root?: string | undefined;
}

export interface ClusterAccess {
  readonly server: URL;
  readonly tls: TlsOptions;
  /** Authorization and impersonation. */
  readonly headers: Readonly<Record<string, string>>;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The library's own name for a service account's token file. */
const SERVICE_ACCOUNT_PROVIDER = 'tokenFile';

const INSTEAD = [
  'give a kubeconfig with a client certificate, a token or a tokenFile, for example that of a service account',
];

/**
 * Reads everything from disk. Called for each connection, and so certificates and tokens that rotate, even a
 * kubeconfig that is replaced, are picked up. Throws ProxyError.
 */
export async function readClusterAccess(options: ClusterOptions): Promise<ClusterAccess> {
  const origin = options.kubeconfig ?? 'the service account';
  const config = options.kubeconfig === undefined ? fromPod(options) : fromFile(options.kubeconfig);
  const { server } = options;
  if (server !== undefined) config.clusters = config.clusters.map(cluster => ({ ...cluster, server }));
  const url = checkConfig(config, origin);
  const request: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(request);
  } catch (error) {
    throw new ProxyError(
      'credentials-unreadable',
      `the credentials of ${origin} cannot be read: ${messageOf(error)}`,
    );
  }
  const { ca, cert, key, servername, rejectUnauthorized = true, auth } = request;
  const isSecret = cert !== undefined || auth !== undefined || Object.keys(request.headers ?? {}).length > 0;
  if (!rejectUnauthorized && isSecret) throw insecure(origin);
  return {
    server: url,
    tls: { ca: ca ?? hostsAuthorities(), cert, key, servername, rejectUnauthorized },
    headers: headersOf(request, auth),
  };
}

/** A kubeconfig without a CA trusts whom the host trusts, as kubectl does; undefined = whom Node trusts. */
function hostsAuthorities(): string[] | undefined {
  const authorities = getCACertificates('system');
  return authorities.length === 0 ? undefined : authorities;
}

function insecure(origin: string): ProxyError {
  return new ProxyError(
    'kubeconfig-insecure',
    `${origin}: its cluster has insecure-skip-tls-verify, and credentials are sent over verified TLS only`,
    { suggestions: ['give the cluster a certificate-authority instead, as in /etc/kubernetes/pki/ca.crt'] },
  );
}

function fromFile(path: string): KubeConfig {
  const config = new KubeConfig();
  try {
    const text = readFileIfThere(path);
    if (text === undefined) throw new ProxyError('no-such-file', 'there is no such file');
    config.loadFromString(prepareKubeconfig(text, path));
  } catch (error) {
    throw new ProxyError('kubeconfig-unusable', `the kubeconfig ${path} cannot be used: ${messageOf(error)}`);
  }
  return config;
}

function fromPod({ root = '', server }: ClusterOptions): KubeConfig {
  const config = new KubeConfig();
  const addressed = process.env.KUBERNETES_SERVICE_HOST && process.env.KUBERNETES_SERVICE_PORT;
  if (!existsSync(`${root}${SERVICE_ACCOUNT}/token`) || !(addressed || server)) {
    throw new ProxyError(
      'no-cluster-credentials',
      'no kubeconfig is given, and this is not a pod with a service account',
      {
        suggestions: ['--kubeconfig FILE', '--discovery static, which needs no API'],
      },
    );
  }
  config.loadFromCluster(root);
  return config;
}

/** Returns the server's URL. */
function checkConfig(config: KubeConfig, origin: string): URL {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null) {
    const what = cluster === null ? 'cluster' : 'user';
    throw new ProxyError(
      'kubeconfig-unusable',
      `${origin}: the current context ("${config.getCurrentContext() ?? ''}") names no ${what} that is in there`,
    );
  }
  if (cluster.proxyUrl) {
    throw new ProxyError(
      'kubeconfig-proxy',
      `${origin}: cluster "${cluster.name}" is reached through the proxy ${cluster.proxyUrl}, which is not supported`,
      { suggestions: ['--server URL with a server that needs no proxy, and a kubeconfig without proxy-url'] },
    );
  }
  if (user.exec) {
    const { command } = user.exec as { command?: string };
    throw new ProxyError(
      'kubeconfig-exec',
      `${origin}: user "${user.name}" gets its credentials from the program "${command}", which is not supported`,
      { suggestions: INSTEAD },
    );
  }
  if (user.authProvider && (user.authProvider as { name?: string }).name !== SERVICE_ACCOUNT_PROVIDER) {
    const { name } = user.authProvider as { name?: string };
    throw new ProxyError(
      'kubeconfig-auth-provider',
      `${origin}: user "${user.name}" gets its credentials from the auth-provider "${name}", which is not supported`,
      { suggestions: INSTEAD },
    );
  }
  return serverUrl(cluster.server);
}

function serverUrl(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol === 'https:') return url;
  throw new ProxyError('server-not-https', `the server "${server}" must be a URL that starts with https://`);
}

/** A token file usually ends in a line break, which no header may contain. */
function headersOf({ headers = {} }: RequestOptions, basic: RequestOptions['auth']): Record<string, string> {
  const trimmed = Object.entries(headers).map(([name, value]) => [name, String(value).trim()]);
  if (basic) trimmed.push(['Authorization', `Basic ${Buffer.from(basic).toString('base64')}`]);
  return Object.fromEntries(trimmed);
}
