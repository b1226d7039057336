// What the daemon's service account may read. Derived from the requests that discovery makes, so that the two cannot
// disagree.
import { ENDPOINT_SLICES, ENDPOINTS, nodeResources, type Resource } from '../discovery/resources.ts';
import type { KubernetesObject, V1PolicyRule } from './kubernetes.ts';
import { type ManifestOptions, metadata, NAME } from './options.ts';

const RBAC = 'rbac.authorization.k8s.io';

/**
 * endpoints: the EndpointSlices of the namespace `default`, since no name tells those of the Service, and one Endpoints by name. nodes: all nodes, since an API server authorises neither
 * by label nor by role of a node. static: nothing.
 */
export function accessObjects({ discovery, namespace }: ManifestOptions): KubernetesObject[] {
  switch (discovery) {
    case 'endpoints':
      return roleAndBinding([ENDPOINT_SLICES, ENDPOINTS].map(ruleFor), namespace);
    case 'nodes':
      return clusterRoleAndBinding(nodeResources(0).slice(0, 1).map(ruleFor), namespace);
    case 'static':
      return [];
  }
}

/** /api/v1/..., or /apis/GROUP/VERSION/...; with /namespaces/NAME/ in between where the resource has one. */
const COLLECTION = /^\/(?:api|apis\/(?<group>[^/]+))\/v1\/(?:namespaces\/default\/)?(?<resource>[^/]+)$/;

/**
 * An API server compares `resourceNames` with the field selector metadata.name of a list or a watch; a label selector
 * it does not look at.
 */
function ruleFor({ path, selectors }: Resource): V1PolicyRule {
  const { group = '', resource = '' } = COLLECTION.exec(path)?.groups ?? {};
  const name = /^metadata\.name=(.+)$/.exec(selectors.fieldSelector ?? '')?.[1];
  return {
    apiGroups: [group],
    resources: [resource],
    ...(name !== undefined && { resourceNames: [name] }),
    verbs: ['get', 'list', 'watch'],
  };
}

/** The role is where the objects are, whatever namespace the daemon runs in. */
function roleAndBinding(rules: V1PolicyRule[], namespace: string): KubernetesObject[] {
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: metadata('default'), rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: metadata('default'),
      roleRef: { apiGroup: RBAC, kind: 'Role', name: NAME },
      subjects: [serviceAccount(namespace)],
    },
  ];
}

function clusterRoleAndBinding(rules: V1PolicyRule[], namespace: string): KubernetesObject[] {
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: metadata(), rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: metadata(),
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: NAME },
      subjects: [serviceAccount(namespace)],
    },
  ];
}

function serviceAccount(namespace: string) {
  return { kind: 'ServiceAccount', name: NAME, namespace };
}
