// Everything that a cluster needs to run the daemon on each node: the one source of `install-service --role daemonset
// --print` and of deploy/. Pure.
import { stringify } from 'yaml';
import { accessObjects } from './access.ts';
import { daemonSet } from './daemon-set.ts';
import type { KubernetesObject } from './kubernetes.ts';
import { type ManifestOptions, metadata } from './options.ts';

/** In the order in which they are to be created. */
export function manifests(options: ManifestOptions): KubernetesObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(options.namespace) },
    ...accessObjects(options),
    daemonSet(options),
  ];
}

/**
 * YAML, one document for each object, in the order of their fields as they were written: the same text each time. kubectl
 * and kubelet read YAML 1.1, in which a bare `yes` is true and a bare `0755` is octal.
 */
export function formatManifests(objects: readonly KubernetesObject[]): string {
  const options = { aliasDuplicateObjects: false, lineWidth: 0, version: '1.1' } as const;
  return objects.map(object => `---\n${stringify(object, options)}`).join('');
}
