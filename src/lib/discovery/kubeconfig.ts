// A kubeconfig file's text made fit for the client library, which reads `tokenFile` under a wrong name and only once,
// prefers files to inline data where kubectl does the opposite, and knows no context without a user.
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { describeYamlError, ProxyError } from '../errors.ts';
import { readToken } from '../store/token.ts';
import { asArray, asRecord } from './objects.ts';

type Mapping = Record<string, unknown>;

/** Who asks where a context names no user, as with kubectl; no file has a user of this name. */
const NOBODY = { name: 'nobody of bcs-apiserver-proxy', user: {} };

/** Returns JSON. Throws ProxyError. */
export function prepareKubeconfig(yaml: string, file: string): string {
  const config = parsed(yaml);
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new ProxyError('not-a-mapping', 'it is not a mapping');
  }
  const directory = dirname(resolve(file));
  return JSON.stringify({
    ...config,
    contexts: entries(config, 'contexts', 'context', ({ user, ...context }) => ({
      ...context,
      user: user || NOBODY.name,
    })),
    clusters: entries(config, 'clusters', 'cluster', preferInlineData),
    users: [
      ...entries(config, 'users', 'user', user => readTokenFile(preferInlineData(user), directory)),
      NOBODY,
    ],
  });
}

/** Throws ProxyError without a word of the text, which has secrets in it. */
function parsed(yaml: string): unknown {
  try {
    return parse(yaml, { logLevel: 'error', merge: true });
  } catch (error) {
    throw new ProxyError('not-yaml', `it is not YAML (${describeYamlError(error)})`);
  }
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
    const data = entry[`${name}-data`];
    if (data instanceof Uint8Array) entry[`${name}-data`] = Buffer.from(data).toString('base64');
    if (data) delete entry[name];
    else delete entry[`${name}-data`];
  }
  return entry;
}

/** Read anew for each connection, as the whole file is; it wins over an inline token, as in kubectl. */
function readTokenFile(user: Mapping, directory: string): Mapping {
  const { tokenFile, ...rest } = user;
  if (typeof tokenFile !== 'string' || tokenFile === '') return user;
  return { ...rest, token: readToken(resolve(directory, tokenFile)) };
}
