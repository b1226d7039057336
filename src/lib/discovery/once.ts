// One look at the cluster, for `sync --from cluster`: which masters does it name?

import { familyOf, type HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import type { ClusterOptions } from './kubernetes.ts';
import { openEndpointSource } from './open.ts';
import { firstSnapshot } from './source.ts';

/** Two attempts at a server that does not answer (5 s to connect each), or at one that is slow. */
const TIMEOUT_MS = 12_000;

/** Where the API does not answer, the masters that are known are asked directly. Throws ProxyError "discovery-failed". */
export async function discoverOnce(spec: ProxySpec, cluster: ClusterOptions): Promise<readonly HostPort[]> {
  const source = await openEndpointSource({
    discovery: 'endpoints',
    family: familyOf(spec.virtualServer.address),
    realServers: [],
    port: 0,
    cluster,
    fallbackServers: () => spec.realServers,
    notice: () => {},
  });
  return firstSnapshot(source, TIMEOUT_MS);
}
