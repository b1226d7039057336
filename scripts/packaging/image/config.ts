// What a container of the image runs, and as whom. The Dockerfile says the same.
import packageJson from '../../../package.json' with { type: 'json' };
import { type Commit, isoTime } from '../commit.ts';
import type { Arch } from '../targets.ts';

export const BINARY_PATH = '/usr/local/bin/bcs-apiserver-proxy';

/** Root, for kernel parameters and the persist directory; what root may do is for the pod to limit. */
export const RUNTIME = {
  User: '0:0',
  Entrypoint: [BINARY_PATH],
  Cmd: ['daemon'],
  WorkingDir: '/',
};

export const NAME = packageJson.name;
export const TAG = packageJson.version;

export const LABELS: Readonly<Record<string, string>> = {
  'org.opencontainers.image.title': packageJson.name,
  'org.opencontainers.image.description': packageJson.description,
  'org.opencontainers.image.version': packageJson.version,
  'org.opencontainers.image.licenses': packageJson.license,
};

/** What is known where the image is made from a clone, and not where Docker makes it: .git is no part of its context. */
export function commitLabels({ revision, epoch }: Commit): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.revision': revision,
    'org.opencontainers.image.created': isoTime(epoch),
  };
}

/** As OCI calls them, which are Go's names. */
export const OCI_ARCHITECTURE: Readonly<Record<Arch, string>> = { x64: 'amd64', arm64: 'arm64' };
