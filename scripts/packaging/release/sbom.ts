// The bill of materials, CycloneDX 1.6: what somebody looks through who hears of a hole in a library.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { type Commit, isoTime } from '../commit.ts';
import { ROOT } from '../paths.ts';
import type { Arch } from '../targets.ts';
import {
  type Component,
  imageComponent,
  type LockedPackages,
  lockedAt,
  lockedPackages,
  nodeComponent,
  npmComponent,
  packagesInside,
} from './components.ts';
import { LICENCE, NAME, SUMMARY } from './version.ts';

export interface SbomOptions {
  readonly version: string;
  readonly commit: Commit;
  readonly metafile: Metafile;
  readonly architectures: readonly Arch[];
  /** Debian's source packages in the image. */
  readonly imageLibraries: readonly string[];
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

export function sbom({ version, commit, metafile, architectures, imageLibraries }: SbomOptions): unknown {
  const locked = lockedPackages();
  const paths = packagesInside(metafile, architectures);
  const byPath = new Map(paths.map(path => [path, npmComponent(path, locked, licenceOf(path))]));
  const node = nodeComponent(process.versions);
  const image = imageLibraries.map(imageComponent);
  const self = {
    type: 'application',
    'bom-ref': `${NAME}@${version}`,
    name: NAME,
    version,
    description: SUMMARY,
    licenses: [{ license: { id: LICENCE } }],
    purl: `pkg:generic/${NAME}@${version}`,
  };
  const direct = [...refsOf('', locked, byPath), node['bom-ref'], ...image.map(each => each['bom-ref'])];
  const content = {
    version: 1,
    metadata: { timestamp: isoTime(commit.epoch), lifecycles: [{ phase: 'build' }], component: self },
    components: [...unique([...byPath.values()]), node, ...image],
    dependencies: [
      { ref: self['bom-ref'], dependsOn: direct },
      ...dependenciesOf(locked, byPath),
      ...[node, ...image].map((component): Dependency => ({ ref: component['bom-ref'], dependsOn: [] })),
    ],
  };
  return { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: serialNumber(content), ...content };
}

/** npm may have the same version in several places. */
function unique(components: readonly Component[]): Component[] {
  return [...new Map(components.map(component => [component['bom-ref'], component])).values()];
}

/** One for each component; of several places together. */
function dependenciesOf(locked: LockedPackages, inside: ReadonlyMap<string, Component>): Dependency[] {
  const found = new Map<string, Set<string>>();
  for (const [path, { 'bom-ref': ref }] of inside) {
    const before = found.get(ref) ?? [];
    found.set(ref, new Set([...before, ...refsOf(path, locked, inside)]));
  }
  return [...found].map(([ref, dependsOn]) => ({ ref, dependsOn: [...dependsOn].sort() }));
}

/** What a package asks for, as far as it is inside; "" is this program. */
function refsOf(path: string, locked: LockedPackages, inside: ReadonlyMap<string, Component>): string[] {
  const { dependencies, optionalDependencies } = lockedAt(path, locked);
  return Object.keys({ ...dependencies, ...optionalDependencies })
    .map(name => inside.get(resolve(path, name, locked) ?? '')?.['bom-ref'])
    .filter(ref => ref !== undefined)
    .sort();
}

/** The nearest node_modules above, as Node looks for it. */
function resolve(from: string, name: string, locked: LockedPackages): string | undefined {
  const path = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  if (locked[path] !== undefined) return path;
  if (from === '') return undefined;
  return resolve(from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))), name, locked);
}

function licenceOf(path: string): string {
  // That of the other architecture is not installed.
  const described = path.startsWith('node_modules/@koromix/koffi-') ? 'node_modules/koffi' : path;
  return JSON.parse(readFileSync(join(ROOT, described, 'package.json'), 'utf8')).license;
}

/** A UUID of the content, as version 5 makes one of a name: the same content, the same number. */
function serialNumber(content: unknown): string {
  const bytes = createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`;
}
