// The shared libraries that the binary needs, from Debian 12's packages of the image's architecture.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CACHE } from '../paths.ts';
import type { Arch } from '../targets.ts';
import { OCI_ARCHITECTURE } from './config.ts';

const SUITE = 'bookworm';
const PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];

export interface Library {
  /** Where the binary looks for it: "/lib/x86_64-linux-gnu/libc.so.6", or the dynamic linker's fixed path. */
  readonly path: string;
  readonly source: string;
}

export interface Packages {
  /** Where they were unpacked. */
  readonly root: string;
  /** Source package and version, one for each: "glibc 2.36-9+deb12u14". */
  readonly versions: readonly string[];
}

/** Unpacks them into .cache; `anew` asks for what is newest today. */
export function unpackPackages(arch: Arch, anew: boolean): Packages {
  const root = join(CACHE, `image-libraries-${SUITE}-${arch}`);
  if (anew || !existsSync(root)) {
    mkdirSync(CACHE, { recursive: true });
    const work = mkdtempSync(join(CACHE, 'libraries-'));
    execFileSync(
      'mmdebstrap',
      [
        ...['--quiet', '--variant=extract', `--architectures=${OCI_ARCHITECTURE[arch]}`],
        ...[`--include=${PACKAGES.join(',')}`, SUITE, work],
      ],
      { stdio: ['ignore', 'inherit', 'inherit'], timeout: 300_000 },
    );
    execFileSync('rm', ['-rf', root]);
    renameSync(work, root);
  }
  return { root, versions: versionsIn(root) };
}

/** All that the files need, and what these need: each once, sorted. */
export function librariesOf(files: readonly string[], { root }: Packages): Library[] {
  const linker = interpreterOf(files[0] ?? '');
  const found = new Map<string, Library>();
  const visit = (file: string): void => {
    for (const name of neededBy(file)) {
      if (found.has(name)) continue;
      const library =
        name === basename(linker) ? { ...inside(root, name), path: linker } : inside(root, name);
      found.set(name, library);
      visit(library.source);
    }
  };
  for (const file of files) visit(file);
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** /lib/TRIPLET and /usr/lib/TRIPLET are where Debian's dynamic linker looks without being told. */
function inside(root: string, name: string): Library {
  for (const parent of ['lib', 'usr/lib']) {
    for (const triplet of readdirSync(join(root, parent)).filter(entry => entry.endsWith('-linux-gnu'))) {
      const source = join(root, parent, triplet, name);
      if (existsSync(source)) return { path: `/lib/${triplet}/${name}`, source: realpathSync(source) };
    }
  }
  throw new Error(`${name} is in none of the Debian packages ${PACKAGES.join(' ')}`);
}

function neededBy(file: string): string[] {
  return [...readelf('-d', file).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = '']) => name);
}

function interpreterOf(file: string): string {
  const path = /program interpreter: (\S+)\]/.exec(readelf('-l', file))?.[1];
  if (path === undefined) throw new Error(`${file} names no dynamic linker`);
  return path;
}

function readelf(option: string, file: string): string {
  return execFileSync('readelf', [option, '-W', file], { encoding: 'utf8' });
}

/** The first line of a Debian changelog: "glibc (2.36-9+deb12u14) bookworm; urgency=medium". */
function versionsIn(root: string): string[] {
  const docs = join(root, 'usr/share/doc');
  const changelogs = readdirSync(docs)
    .map(name => join(docs, name, 'changelog.Debian.gz'))
    .filter(existsSync);
  const versions = changelogs.map(path => {
    const [, name, version] = /^(\S+) \((\S+)\)/.exec(gunzipSync(readFileSync(path)).toString()) ?? [];
    return `${name} ${version}`;
  });
  return [...new Set(versions)].sort();
}
