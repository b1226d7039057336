// What a kubeconfig says about its current cluster. Credentials are not read here, and what else is wrong with a
// kubeconfig is for discovery to say.
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { describeYamlError, ProxyError } from '../errors.ts';
import { readFileIfThere } from './atomic-file.ts';

export interface CurrentCluster {
  /** "https://10.99.0.1:6443" */
  readonly server: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  /** The only name that the certificate of the server may have, where one is given. */
  readonly serverName: string | undefined;
}

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: { name?: string; context?: { cluster?: string } }[];
  readonly clusters?: {
    name?: string;
    cluster?: {
      server?: string;
      'certificate-authority'?: string;
      'certificate-authority-data'?: string | Uint8Array;
      'tls-server-name'?: string;
    };
  }[];
}

/** Undefined when there is no such file. Throws ProxyError, which quotes nothing of the file. */
export function readCurrentCluster(path: string): CurrentCluster | undefined {
  const text = readFileIfThere(path);
  if (text === undefined) return undefined;
  const config = parsed(text, path);
  const context = config?.contexts?.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config?.clusters?.find(({ name }) => name === context?.cluster)?.cluster ?? {};
  const { server, 'certificate-authority-data': data, 'certificate-authority': file } = cluster;
  return {
    server,
    ca: data ? decoded(data) : caFile(path, file),
    serverName: cluster['tls-server-name'] || undefined,
  };
}

function parsed(text: string, path: string): Kubeconfig | null {
  try {
    return parse(text, { logLevel: 'error', merge: true }) as Kubeconfig | null;
  } catch (error) {
    throw new ProxyError('kubeconfig-unusable', `${path} is not YAML (${describeYamlError(error)})`);
  }
}

/** Base64 as a text, or as YAML has decoded it (!!binary). */
function decoded(data: string | Uint8Array): string {
  return (typeof data === 'string' ? Buffer.from(data, 'base64') : Buffer.from(data)).toString('utf8');
}

function caFile(kubeconfig: string, file: string | undefined): string | undefined {
  return file ? readFileIfThere(resolve(dirname(kubeconfig), file)) : undefined;
}
