// Every file of the image: the binary, the libraries that it needs, three lines of /etc, licences, and the places where
// something is mounted. No shell, no package manager, no certificates but those that a pod is given.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageDirectory } from '../npm-packages.ts';
import { DIST, ROOT } from '../paths.ts';
import { type Arch, TARGETS } from '../targets.ts';
import { BINARY_PATH } from './config.ts';
import { librariesOf, type Packages } from './libraries.ts';

export type Entry =
  | { readonly path: string; readonly mode: number; readonly kind: 'directory' }
  | { readonly path: string; readonly mode: number; readonly kind: 'file'; readonly source: string }
  | { readonly path: string; readonly mode: number; readonly kind: 'text'; readonly text: string }
  | { readonly path: string; readonly kind: 'link'; readonly target: string };

/** Where a runtime or a pod mounts something. */
const MOUNT_POINTS: Entry[] = [
  ...['/dev', '/proc', '/run', '/sys'].map(path => directory(path, 0o755)),
  directory('/root', 0o700),
  directory('/root/.bcs', 0o700),
  directory('/tmp', 0o1777),
];

const ETC: Entry[] = [
  text('/etc/passwd', 'root:x:0:0:root:/root:/sbin/nologin\n'),
  text('/etc/group', 'root:x:0:\n'),
  text('/etc/nsswitch.conf', 'hosts: files dns\n'),
];

/** DaemonSets of the original name this script as their command, and give it `-f FILE`. */
const ORIGINAL_START = '/data/bcs/bcs-apiserver-proxy/container-start.sh';

/**
 * By layer: first what changes with Debian, which a node that has an older version need not fetch again, then what changes
 * with each version.
 */
export interface Contents {
  readonly base: readonly Entry[];
  readonly program: readonly Entry[];
}

export function imageContents(arch: Arch, packages: Packages): Contents {
  const binary = join(DIST, TARGETS[arch].file);
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run scripts/build first`);
  const addon = join(packageDirectory(`@koromix/koffi-linux-${arch}`), `linux_${arch}/koffi.node`);
  return {
    base: [
      ...librariesOf([binary, addon], packages).map(
        ({ path, source }): Entry => ({ path, mode: 0o755, kind: 'file', source }),
      ),
      ...MOUNT_POINTS,
      ...ETC,
      ...licencesOf(packages),
    ],
    program: [
      { path: BINARY_PATH, mode: 0o755, kind: 'file', source: binary },
      { path: ORIGINAL_START, kind: 'link', target: BINARY_PATH },
      ...OUR_LICENCES,
    ],
  };
}

const OUR_LICENCES = [join(ROOT, 'LICENSE'), join(DIST, 'THIRD_PARTY_LICENSES.txt')].map(
  (source): Entry => ({
    path: `/usr/share/doc/bcs-apiserver-proxy/${source.slice(source.lastIndexOf('/') + 1)}`,
    mode: 0o644,
    kind: 'file',
    source,
  }),
);

function licencesOf({ root }: Packages): Entry[] {
  const theirs = readdirSync(join(root, 'usr/share/doc'), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }): Entry & { source: string } => {
      const path = `/usr/share/doc/${name}/copyright`;
      return { path, mode: 0o644, kind: 'file', source: join(root, path) };
    });
  return [...theirs, ...commonLicences(theirs.map(({ source }) => source))];
}

/** Debian's copyright files name the texts of common licences, which stand apart; package base-files has them. */
function commonLicences(copyrightFiles: readonly string[]): Entry[] {
  const named = copyrightFiles.flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/\/usr\/share\/common-licenses\/[\w.-]*\w/g)].map(
      ([path]) => path,
    ),
  );
  return [...new Set(named)].sort().map(path => ({ path, mode: 0o644, kind: 'file', source: path }));
}

function directory(path: string, mode: number): Entry {
  return { path, mode, kind: 'directory' };
}

function text(path: string, content: string): Entry {
  return { path, mode: 0o644, kind: 'text', text: content };
}
