// Reading a kubeconfig: its mapping, for discovery to hand to the client library, and what its current cluster says, for
// probes and `status`. Credentials are not read here. Whatever stands in it, nothing but a ProxyError is thrown.
import { dirname, resolve } from 'node:path';
import { describeYamlError, messageOf, ProxyError } from '../errors.ts';
import { readFileIfThere } from './atomic-file.ts';
import { parseYaml } from './yaml.ts';

export interface CurrentCluster {
  /** "https://10.99.0.1:6443" */
  readonly server: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  /** The only name that the certificate of the server may have, where one is given. */
  readonly serverName: string | undefined;
}

export type Mapping = Readonly<Record<string, unknown>>;

/** Throws ProxyError without a word of the text, which has secrets in it. */
export function parseKubeconfig(text: string): Mapping {
  let config: unknown;
  try {
    config = parseYaml(text, { merge: true });
  } catch (error) {
    throw new ProxyError('not-yaml', `it is not YAML (${describeYamlError(error)})`);
  }
  if (isMapping(config)) return config;
  throw new ProxyError('not-a-mapping', 'it is not a mapping');
}

/** Undefined when there is no such file. Throws ProxyError, which quotes nothing of the file. */
export function readCurrentCluster(path: string): CurrentCluster | undefined {
  const text = readFileIfThere(path);
  if (text === undefined) return undefined;
  const config = mappingIn(text, path);
  const context = named(config.contexts, config['current-context'], 'context');
  const cluster = named(config.clusters, context.cluster, 'cluster');
  const { server, 'certificate-authority-data': data, 'certificate-authority': file } = cluster;
  return {
    server: textOf(server),
    ca: pemOf(data) ?? caFile(path, textOf(file)),
    serverName: textOf(cluster['tls-server-name']),
  };
}

function mappingIn(text: string, path: string): Mapping {
  try {
    return parseKubeconfig(text);
  } catch (error) {
    throw new ProxyError('kubeconfig-unusable', `${path} cannot be used: ${messageOf(error)}`);
  }
}

/** The entry of that name in a list of { name, [key]: {...} }; empty where there is none. */
function named(list: unknown, name: unknown, key: string): Mapping {
  const entries = Array.isArray(list) ? list.filter(isMapping) : [];
  const found = entries.find(entry => entry.name === name)?.[key];
  return isMapping(found) ? found : {};
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Base64 as a text, or as YAML has decoded it (!!binary). */
function pemOf(data: unknown): string | undefined {
  if (data instanceof Uint8Array) return Buffer.from(data).toString('utf8');
  const text = textOf(data);
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8');
}

function caFile(kubeconfig: string, file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFileIfThere(resolve(dirname(kubeconfig), file));
}
