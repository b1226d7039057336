// The flags of a pod, whoever starts it, and what all pods refuse.
import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../lib/errors.ts';

/** As scripts/image calls it. */
export const DEFAULT_IMAGE = `${packageJson.name}:${packageJson.version}`;
export const DEFAULT_NAMESPACE = 'kube-system';

export interface PodFlags {
  readonly image: string;
  readonly namespace: string;
}

export const HOST_FILE = 'a file of a host is not in the pod';
const NEEDS_NONE = `${HOST_FILE}; probes need none, as 401 counts as ready; leave it out`;

/** Flag -> why not, and what instead. */
export const NO_CREDENTIALS: Readonly<Record<string, string>> = {
  'token-file': NEEDS_NONE,
  'client-certificate': NEEDS_NONE,
  'client-key': NEEDS_NONE,
};

/** Throws UsageError for a flag of `refused` that is there. */
export function refuseFlags(
  flags: Readonly<Record<string, unknown>>,
  refused: Readonly<Record<string, string>>,
): void {
  for (const [name, instead] of Object.entries(refused)) {
    if (flags[name] !== undefined) throw new UsageError(`--${name} ${flags[name]}: ${instead}`);
  }
}

export function checkPodFlags({ image, namespace }: PodFlags): void {
  checkForm('image', image, IMAGE, 'NAME:TAG');
  checkForm('namespace', namespace, NAMESPACE, 'the name of a namespace');
}

/** REGISTRY[:PORT]/PATH:TAG@DIGEST, all but a name optional. */
const IMAGE = /^([\w.-]+(:\d+)?\/)?[\w.-]+(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/;
/** RFC 1123 label. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function checkForm(name: string, value: string, form: RegExp, expected: string): void {
  if (!form.test(value)) throw new UsageError(`--${name} ${value}: ${expected} is expected`);
}
