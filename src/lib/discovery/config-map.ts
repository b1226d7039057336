// One value of one ConfigMap, for `status`: asked of every master, because there is time for one try. The server that the
// kubeconfig names is asked only if it is one of them: its credentials go to masters, whoever wrote the file.
import { equalHostPort, type HostPort } from '../model/address.ts';
import { ApiClient } from './api-client.ts';
import { readClusterAccess } from './kubernetes.ts';
import { asRecord } from './objects.ts';
import { serversToTry } from './servers.ts';
import { DEFAULT_TIMING } from './timing.ts';

export interface ConfigMapValue {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** Undefined when nobody answers before `signal`, or not with such a value; never rejects. */
export async function readConfigMapValue(
  { namespace, name, key }: ConfigMapValue,
  kubeconfig: string,
  realServers: readonly HostPort[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const client = new ApiClient(DEFAULT_TIMING);
  try {
    const all = [...serversToTry(await readClusterAccess({ kubeconfig }), () => realServers)];
    const servers = all.filter(({ host, port }) =>
      realServers.some(one => equalHostPort(one, { address: host, port })),
    );
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
    const answer = await Promise.any(servers.map(server => client.get(server, path, signal)));
    const value = asRecord(asRecord(JSON.parse(answer)).data)[key];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}
