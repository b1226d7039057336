// A kubeconfig file's text made fit for the client library, which reads `tokenFile` under a wrong name and only once,
// and prefers files to inline data where kubectl does the opposite.
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { asArray, asRecord } from './objects.ts';

type Mapping = Record<string, unknown>;

/** Returns JSON. Throws what the YAML parser throws, and Error when there is no mapping. */
export function prepareKubeconfig(yaml: string, file: string): string {
  const config = parse(yaml) as unknown;
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new Error('it is not a mapping');
  }
  const directory = dirname(resolve(file));
  return JSON.stringify({
    ...config,
    clusters: entries(config, 'clusters', 'cluster', preferInlineData),
    users: entries(config, 'users', 'user', user => readTokenFile(preferInlineData(user), directory)),
  });
}

function entries(
  config: unknown,
  list: string,
  key: string,
  prepare: (entry: Mapping) => Mapping,
): Mapping[] {
  return asArray(asRecord(config)[list])
    .map(asRecord)
    .map(entry => ({ ...entry, ...(key in entry && { [key]: prepare({ ...asRecord(entry[key]) }) }) }));
}

function preferInlineData(entry: Mapping): Mapping {
  for (const name of ['certificate-authority', 'client-certificate', 'client-key']) {
    if (entry[`${name}-data`]) delete entry[name];
  }
  return entry;
}

/** As the library itself describes a service account; the file wins over an inline token, as in kubectl. */
function readTokenFile(user: Mapping, directory: string): Mapping {
  const { tokenFile, token, ...rest } = user;
  if (typeof tokenFile !== 'string' || tokenFile === '') return user;
  return { ...rest, 'auth-provider': tokenFileProvider(resolve(directory, tokenFile)) };
}

const TOKEN_FILE = 'tokenFile';

function tokenFileProvider(tokenFile: string): Mapping {
  return { name: TOKEN_FILE, config: { tokenFile } };
}

/** False for the cloud providers of old, which need programs or libraries that we do not carry. */
export function isTokenFileProvider(authProvider: unknown): boolean {
  return asRecord(authProvider).name === TOKEN_FILE;
}
