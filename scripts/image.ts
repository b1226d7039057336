// Builds dist/bcs-apiserver-proxy-image-ARCH.tar from the packed binary and Debian's libraries, without Docker and without
// a base image, and prints its files, sizes and digest. --root DIR: only the file system, for the Dockerfile.
// --check-reproducible: twice, and compares. --update: asks Debian for newer libraries than those of the last time.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { headCommit } from './packaging/commit.ts';
import { writeArchive } from './packaging/image/archive.ts';
import { type Entry, imageContents } from './packaging/image/contents.ts';
import { unpackPackages } from './packaging/image/libraries.ts';
import type { Image } from './packaging/image/manifest.ts';
import { sizeOf, writeTree } from './packaging/image/tree.ts';
import { DIST } from './packaging/paths.ts';
import { type Arch, hostTarget, TARGETS } from './packaging/targets.ts';
import { inWorkDirectory } from './packaging/work.ts';

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: hostTarget().arch },
    root: { type: 'string' },
    update: { type: 'boolean', default: false },
    'check-reproducible': { type: 'boolean', default: false },
  },
});
const arch = readArch(values.arch);
const packages = unpackPackages(arch, values.update);
const { base, program } = imageContents(arch, packages);

if (values.root !== undefined) {
  writeTree(values.root, [...base, ...program]);
} else {
  const output = join(DIST, `bcs-apiserver-proxy-image-${arch}.tar`);
  const { manifest, layers } = build(output);
  if (values['check-reproducible'] && build(output).manifest.digest !== manifest.digest)
    throw new Error('the second image differs from the first');
  const sizes = layers.map(({ size }) => `${(size / 1e6).toFixed(1)} MB`);
  console.log(`${list(base)}\n${list(program)}`);
  console.log(`libraries from Debian: ${packages.versions.join(', ')}`);
  console.log(`${output}: two layers, ${sizes.join(' and ')} compressed`);
  console.log(manifest.digest);
}

function readArch(name: string): Arch {
  if (name in TARGETS) return name as Arch;
  throw new Error(`--arch ${name}: one of ${Object.keys(TARGETS).join(' ')} is expected`);
}

function build(output: string): Image {
  return inWorkDirectory('image', work => {
    const partial = join(work, 'image.tar');
    const image = writeArchive(partial, work, {
      arch,
      commit: headCommit(),
      layers: [base, program],
      packages: packages.versions,
    });
    renameSync(partial, output);
    return image;
  });
}

/** One line for each file, link and directory. */
function list(entries: readonly Entry[]): string {
  const first = (entry: Entry): string => {
    if (entry.kind === 'link') return 'link';
    return entry.kind === 'directory' ? 'directory' : String(sizeOf(entry));
  };
  return entries
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(
      entry =>
        `${first(entry).padStart(11)}  ${entry.path}${entry.kind === 'link' ? ` -> ${entry.target}` : ''}`,
    )
    .join('\n');
}
