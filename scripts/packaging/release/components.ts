// What is inside the program, for its bill of materials: the npm packages of which something is left in the bundle, the
// native addon, and Node with what it was built from.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { directoriesInside, NODE_PACKAGE } from '../licenses.ts';
import { ROOT } from '../paths.ts';
import type { Arch } from '../targets.ts';

export interface Component {
  readonly type: 'library' | 'platform';
  readonly 'bom-ref': string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly unknown[];
  readonly purl: string;
  readonly cpe?: string;
  readonly properties?: readonly { name: string; value: string }[];
  readonly components?: readonly Component[];
}

interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type LockedPackages = Readonly<Record<string, LockedPackage>>;

export function lockedPackages(): LockedPackages {
  return JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
}

/** Their paths in package-lock.json, without Node's: "node_modules/yaml". */
export function packagesInside(metafile: Metafile, architectures: readonly Arch[]): string[] {
  const addons = architectures.map(arch => `node_modules/@koromix/koffi-linux-${arch}`);
  const others = directoriesInside(metafile).filter(directory => directory !== NODE_PACKAGE);
  return [...new Set([...others, ...addons])].sort();
}

/** `licence`: that of package.json, or of the package to which an addon belongs. */
export function npmComponent(path: string, locked: LockedPackages, licence: string): Component {
  const { version, integrity } = lockedAt(path, locked);
  const fullName = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const [name = '', group] = fullName.split('/').toReversed();
  return {
    type: 'library',
    'bom-ref': `${fullName}@${version}`,
    ...(group !== undefined && { group }),
    name,
    version,
    ...(integrity?.startsWith('sha512-') && {
      hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }],
    }),
    licenses: [{ license: { id: licence } }],
    purl: `pkg:npm/${group === undefined ? '' : `${group.replace('@', '%40')}/`}${name}@${version}`,
  };
}

export function lockedAt(path: string, locked: LockedPackages): LockedPackage {
  const found = locked[path];
  if (found === undefined) throw new Error(`${path} is not in package-lock.json`);
  return found;
}

/** Tools, languages and interfaces rather than parts. */
const NOT_PARTS = new Set(['modules', 'napi', 'node', 'unicode']);

/** The build's own Node has the version of the packed one. */
export function nodeComponent(versions: Readonly<Record<string, string | undefined>>): Component {
  const { node = '' } = versions;
  const parts = Object.entries(versions)
    .filter(([name]) => !NOT_PARTS.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, version = '']): Component => ({
        type: 'library',
        'bom-ref': `node/${name}@${version}`,
        name,
        version,
        purl: `pkg:generic/${name}@${encodeURIComponent(version)}`,
      }),
    );
  return {
    type: 'platform',
    'bom-ref': `node@${node}`,
    name: 'node',
    version: node,
    licenses: [{ license: { name: 'MIT, and those of its parts: see THIRD_PARTY_LICENSES.txt' } }],
    purl: `pkg:generic/node@${node}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
    components: parts,
  };
}

/** `source` is a Debian source package with its version, as libraries.ts names them: "glibc 2.36-9+deb12u14". */
export function imageComponent(source: string): Component {
  const [name = '', version = ''] = source.split(' ');
  return {
    type: 'library',
    'bom-ref': `image/${name}@${version}`,
    name,
    version,
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=source&distro=bookworm`,
    properties: [{ name: 'bcs-apiserver-proxy:part', value: 'container image only' }],
  };
}
