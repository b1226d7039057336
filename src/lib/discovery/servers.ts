// Which apiservers to ask, in which order: the configured one, and while that one fails the real servers themselves.
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import { APISERVER_NAME } from '../model/apiserver-name.ts';
import type { ApiServer } from './api-client.ts';
import type { ClusterAccess } from './kubernetes.ts';

/**
 * Lazy: `fallbackServers` is asked only when the configured server has failed. The real servers come in random order,
 * so that the nodes spread over them.
 */
export function* serversToTry(
  access: ClusterAccess,
  fallbackServers: () => readonly HostPort[],
): Generator<ApiServer> {
  const configured = configuredServer(access);
  yield configured;
  for (const { address, port } of shuffled(fallbackServers())) {
    if (equalHostPort({ address, port }, { address: configured.host, port: configured.port })) continue;
    yield {
      host: address,
      port,
      basePath: '',
      tls: { ...access.tls, servername: access.tls.servername ?? APISERVER_NAME },
      headers: access.headers,
      label: formatHostPort({ address, port }),
    };
  }
}

function configuredServer({ server, tls, headers }: ClusterAccess): ApiServer {
  const port = Number(server.port || 443);
  const basePath = server.pathname.replace(/\/$/, '');
  return {
    host: server.hostname.replace(/^\[|\]$/g, ''),
    port,
    basePath,
    tls,
    headers,
    // With the port even where a URL leaves it out, so that it can be compared with real servers.
    label: `https://${server.hostname}:${port}${basePath}`,
  };
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map(item => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
