// The DaemonSet: one pod of the daemon on every node, with a service account.
import type { V1DaemonSet } from './kubernetes.ts';
import { type ManifestOptions, metadata, NAME, SELECTOR } from './options.ts';
import { podMetadata, podSpec } from './pod.ts';

export function daemonSet(options: ManifestOptions): V1DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata(options.namespace),
    spec: {
      selector: { matchLabels: SELECTOR },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      template: {
        metadata: podMetadata(options),
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: options.discovery !== 'static',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          tolerations: [{ operator: 'Exists' }],
          ...podSpec(options),
        },
      },
    },
  };
}
