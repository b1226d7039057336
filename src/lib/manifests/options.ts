// What the manifests are made from, and the names and labels that all of their objects share.
import type { HostPort } from '../model/address.ts';
import type { V1ObjectMeta } from './kubernetes.ts';

/** What a pod is made from, whoever starts it. */
export interface PodOptions {
  /** The daemon's flags, as arguments: ['--vs', '10.99.0.1:6443', ...], checked by the caller. */
  readonly args: readonly string[];
  /** Image reference: NAME:TAG or NAME@sha256:... */
  readonly image: string;
  /** Of the pod, and of the objects that make it. */
  readonly namespace: string;
  /** As `args` have it: the same path on the host and in the container. */
  readonly persistDir: string;
  /** As `args` have it: where the probes ask; undefined = the daemon serves no HTTP, and there are none. */
  readonly listen: HostPort | undefined;
}

export interface ManifestOptions extends PodOptions {
  /** As `args` have it: decides what the ServiceAccount may read. */
  readonly discovery: 'endpoints' | 'nodes' | 'static';
}

export const NAME = 'bcs-apiserver-proxy';

/**
 * The DaemonSet's selector cannot be changed later. It is that of the original's DaemonSet, so that applying ours on
 * top of it is a rolling update, and `kubectl rollout undo` goes back.
 */
export const SELECTOR = { app: NAME };

export const LABELS = {
  ...SELECTOR,
  'app.kubernetes.io/name': NAME,
  'app.kubernetes.io/component': 'node-agent',
};

export function metadata(namespace?: string): V1ObjectMeta {
  return { name: NAME, ...(namespace !== undefined && { namespace }), labels: LABELS };
}
