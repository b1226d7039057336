// The shapes of the Kubernetes objects that are written, from the generated API types; nothing of it is there at run time.
export type {
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1Container,
  V1DaemonSet,
  V1ObjectMeta,
  V1Pod,
  V1PodSpec,
  V1PolicyRule,
  V1Probe,
  V1Role,
  V1RoleBinding,
  V1ServiceAccount,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';

import type {
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1DaemonSet,
  V1Pod,
  V1Role,
  V1RoleBinding,
  V1ServiceAccount,
} from '@kubernetes/client-node';

/** One object of a manifest; `kind` tells which. */
export type KubernetesObject =
  | V1ServiceAccount
  | V1Role
  | V1RoleBinding
  | V1ClusterRole
  | V1ClusterRoleBinding
  | V1DaemonSet
  | V1Pod;
