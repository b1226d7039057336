// What a kubeconfig says about its current cluster. Credentials are not read here, and what else is wrong with a
// kubeconfig is for discovery to say.
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { readFileIfThere } from './atomic-file.ts';

export interface CurrentCluster {
  /** "https://10.99.0.1:6443" */
  readonly server: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
}

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: { name?: string; context?: { cluster?: string } }[];
  readonly clusters?: {
    name?: string;
    cluster?: { server?: string; 'certificate-authority'?: string; 'certificate-authority-data'?: string };
  }[];
}

/** Undefined when there is no such file. Throws ProxyError, or what the YAML parser throws. */
export function readCurrentCluster(path: string): CurrentCluster | undefined {
  const text = readFileIfThere(path);
  if (text === undefined) return undefined;
  const config = parse(text) as Kubeconfig | null;
  const context = config?.contexts?.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config?.clusters?.find(({ name }) => name === context?.cluster)?.cluster ?? {};
  const { server, 'certificate-authority-data': data, 'certificate-authority': file } = cluster;
  if (data !== undefined) return { server, ca: Buffer.from(data, 'base64').toString('utf8') };
  return { server, ca: file === undefined ? undefined : readFileIfThere(resolve(dirname(path), file)) };
}
