// The discovery that the options ask for. Loads what talks to Kubernetes only when it is needed.
import type { Family, HostPort } from '../model/address.ts';
import type { ClusterOptions } from './kubernetes.ts';
import { type EndpointSource, StaticSource } from './source.ts';
import type { Timing } from './timing.ts';

export interface EndpointSourceOptions {
  readonly discovery: 'endpoints' | 'nodes' | 'static';
  /** The virtual server's family. */
  readonly family: Family;
  /** `--rs`: the whole answer of `static`; not used by the others. */
  readonly realServers: readonly HostPort[];
  /** For `nodes`: the apiservers' port. */
  readonly port: number;
  readonly cluster: ClusterOptions;
  readonly fallbackServers: () => readonly HostPort[];
  readonly notice: (text: string) => void;
  readonly timing?: Partial<Timing>;
}

/**
 * Fails with a ProxyError when the credentials cannot be used as they are now (a kubeconfig with an exec plugin, a
 * missing file); later on, that is a problem that passes. No connection is made before run().
 */
export async function openEndpointSource(options: EndpointSourceOptions): Promise<EndpointSource> {
  const { discovery, cluster } = options;
  if (discovery === 'static') return new StaticSource(options.realServers);
  const { readClusterAccess } = await import('./kubernetes.ts');
  const { endpointsSource, nodesSource } = await import('./cluster-source.ts');
  const readAccess = () => readClusterAccess(cluster);
  await readAccess();
  const source = { ...options, readAccess };
  return discovery === 'nodes' ? nodesSource(source, options.port) : endpointsSource(source);
}
