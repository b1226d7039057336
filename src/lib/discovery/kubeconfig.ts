// A kubeconfig file's text made fit for the client library, which reads `tokenFile` under a wrong name and only once,
// prefers files to inline data where kubectl does the opposite, knows no context without a user, and waits for ever where a
// file is a pipe.
import { dirname, resolve } from 'node:path';
import { ProxyError } from '../errors.ts';
import { readFileIfThere } from '../store/atomic-file.ts';
import { type Mapping, parseKubeconfig } from '../store/kubeconfig.ts';
import { readToken } from '../store/token.ts';
import { asArray, asRecord } from './objects.ts';

/** Who asks where a context names no user, as with kubectl; no file has a user of this name. */
const NOBODY = { name: 'nobody of bcs-apiserver-proxy', user: {} };

/** Returns JSON. Throws ProxyError. */
export function prepareKubeconfig(yaml: string, file: string): string {
  const config = parseKubeconfig(yaml);
  const directory = dirname(resolve(file));
  return JSON.stringify({
    ...config,
    contexts: entries(config, 'contexts', 'context', ({ user, ...context }) => ({
      ...context,
      user: user || NOBODY.name,
    })),
    clusters: entries(config, 'clusters', 'cluster', cluster => withData(cluster, directory)),
    users: [
      ...entries(config, 'users', 'user', user => readTokenFile(withData(user, directory), directory)),
      NOBODY,
    ],
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

const PEM_FILES = ['certificate-authority', 'client-certificate', 'client-key'];

/** Inline data as they are; what stands in files becomes data. */
function withData(entry: Mapping, directory: string): Mapping {
  const rest = Object.entries(entry).filter(
    ([key]) => !PEM_FILES.some(name => key === name || key === `${name}-data`),
  );
  const data = PEM_FILES.flatMap(name => {
    const found = dataOf(entry[`${name}-data`]) ?? dataIn(entry[name], directory);
    return found === undefined ? [] : [[`${name}-data`, found]];
  });
  return Object.fromEntries([...rest, ...data]);
}

/** Base64. */
function dataOf(data: unknown): string | undefined {
  if (data instanceof Uint8Array) return Buffer.from(data).toString('base64');
  return typeof data === 'string' && data !== '' ? data : undefined;
}

function dataIn(path: unknown, directory: string): string | undefined {
  if (typeof path !== 'string' || path === '') return undefined;
  const file = resolve(directory, path);
  const text = readFileIfThere(file);
  if (text === undefined) throw new ProxyError('no-such-file', `${file}: there is no such file`);
  return Buffer.from(text).toString('base64');
}

/** Read anew for each connection, as the whole file is; it wins over an inline token, as in kubectl. */
function readTokenFile(user: Mapping, directory: string): Mapping {
  const { tokenFile, ...rest } = user;
  if (typeof tokenFile !== 'string' || tokenFile === '') return user;
  return { ...rest, token: readToken(resolve(directory, tokenFile)) };
}
