// The resources that name masters, and how their addresses are read. What an object says is taken as far as it
// makes sense; what makes none names nobody.
import { type HostPort, parseAddress } from '../model/address.ts';
import { asArray, asRecord, type KubernetesObject } from './objects.ts';

export interface Resource {
  /** Collection path. */
  readonly path: string;
  /** labelSelector and fieldSelector. */
  readonly selectors: Readonly<Record<string, string>>;
  /** Instead of listing, get the one object of this name. */
  readonly single?: string;
  /** Addresses of both families, unsorted. */
  readonly read: (object: KubernetesObject) => HostPort[];
}

/** The field selector makes `resourceNames: [kubernetes]` enough in the role. */
const ONLY_KUBERNETES = { fieldSelector: 'metadata.name=kubernetes' };
const OF_THE_SERVICE = { labelSelector: 'kubernetes.io/service-name=kubernetes' };

/** All of the Service: with --endpoint-reconciler-type=none they are made by hand, several of them, of any name. */
export const ENDPOINT_SLICES: Resource = {
  path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
  selectors: OF_THE_SERVICE,
  read: readEndpointSlice,
};

/** For a role that names the one object, as ours did. */
export const ENDPOINT_SLICE_BY_NAME: Resource = {
  ...ENDPOINT_SLICES,
  selectors: { ...ONLY_KUBERNETES, ...OF_THE_SERVICE },
};

/** For Kubernetes before 1.21, which has EndpointSlices only as beta. */
export const ENDPOINTS: Resource = {
  path: '/api/v1/namespaces/default/endpoints',
  selectors: ONLY_KUBERNETES,
  read: readEndpoints,
};

/** For a role that may neither list nor watch, as that of kubelet, which has had "get endpoints" since 1.6. */
export const SINGLE_ENDPOINTS: Resource = { ...ENDPOINTS, single: 'kubernetes' };

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';
const MASTER = 'node-role.kubernetes.io/master';

/**
 * Selectors cannot say "or", and each label alone is wrong somewhere: `master` is gone since 1.24, `control-plane`
 * came in 1.20, and in between a cluster has both. So: two disjoint sets, the second of which is empty today.
 */
export function nodeResources(port: number): Resource[] {
  return [CONTROL_PLANE, `${MASTER},!${CONTROL_PLANE}`].map(labelSelector => ({
    path: '/api/v1/nodes',
    selectors: { labelSelector },
    read: node => readNode(node, port),
  }));
}

/** `conditions: {ready: true}` or nothing at all; only an explicit false means "not ready". */
function readEndpointSlice(slice: KubernetesObject): HostPort[] {
  // Its addresses are names, whatever they look like.
  if (slice.addressType === 'FQDN') return [];
  const addresses = asArray(slice.endpoints)
    .map(asRecord)
    .filter(endpoint => asRecord(endpoint.conditions).ready !== false)
    .flatMap(endpoint => asArray(endpoint.addresses));
  return atPorts(addresses, slice.ports);
}

/** Addresses that are not ready stand in notReadyAddresses, apart. */
function readEndpoints(endpoints: KubernetesObject): HostPort[] {
  return asArray(endpoints.subsets)
    .map(asRecord)
    .flatMap(subset =>
      atPorts(
        asArray(subset.addresses).map(address => asRecord(address).ip),
        subset.ports,
      ),
    );
}

function readNode(node: KubernetesObject, port: number): HostPort[] {
  return asArray(asRecord(node.status).addresses)
    .map(asRecord)
    .filter(({ type }) => type === 'InternalIP')
    .flatMap(({ address }) => hostPort(address, port));
}

function atPorts(addresses: unknown[], ports: unknown): HostPort[] {
  const https = asArray(ports)
    .map(asRecord)
    .filter(({ name }) => name === 'https');
  return https.flatMap(({ port }) => addresses.flatMap(address => hostPort(address, port)));
}

/** One or none: EndpointSlices may also hold host names. */
function hostPort(address: unknown, port: unknown): HostPort[] {
  if (typeof address !== 'string' || typeof port !== 'number') return [];
  if (!Number.isInteger(port) || port < 1 || port > 65535) return [];
  try {
    return [{ address: parseAddress(address), port }];
  } catch {
    return [];
  }
}
