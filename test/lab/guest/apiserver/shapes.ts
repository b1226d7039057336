// The Kubernetes objects of the stand-in, in the shape that a real apiserver 1.36 gives them.

export interface EndpointSpec {
  address: string;
  ready?: boolean;
}

export interface NodeSpec {
  name: string;
  address: string;
  labels?: Record<string, string>;
}

export interface KubeObject {
  kind: string;
  apiVersion: string;
  metadata: { name: string; namespace?: string; labels: Record<string, string>; resourceVersion?: string };
  [field: string]: unknown;
}

const KUBERNETES = { name: 'kubernetes', namespace: 'default' };
const ports = (port: number) => [{ name: 'https', port, protocol: 'TCP' }];

/** `name`: hand-made ones of the same Service have names of their own. */
export function endpointSlice(specs: EndpointSpec[], port: number, name = KUBERNETES.name): KubeObject {
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { ...KUBERNETES, name, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: addressType(specs[0]?.address ?? ''),
    // The real one sets `ready` and no other condition.
    endpoints: specs.map(({ address, ready = true }) => ({ addresses: [address], conditions: { ready } })),
    ports: ports(port),
  };
}

function addressType(address: string): string {
  if (address.includes(':')) return 'IPv6';
  return /^[\d.]*$/.test(address) ? 'IPv4' : 'FQDN';
}

export function endpoints(specs: EndpointSpec[], port: number): KubeObject {
  const addresses = specs.filter(({ ready = true }) => ready).map(({ address }) => ({ ip: address }));
  return {
    kind: 'Endpoints',
    apiVersion: 'v1',
    metadata: { ...KUBERNETES, labels: {} },
    subsets: addresses.length === 0 ? [] : [{ addresses, ports: ports(port) }],
  };
}

export function node(spec: NodeSpec): KubeObject {
  const { name, address, labels = { 'node-role.kubernetes.io/control-plane': '' } } = spec;
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { name, labels },
    status: { addresses: [{ type: 'InternalIP', address }] },
  };
}
