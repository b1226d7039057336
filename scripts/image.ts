// Builds dist/bcs-apiserver-proxy-image-ARCH.tar from the packed binary and Debian's libraries, without Docker and without
// a base image, and prints its files, size and digest. --root DIR: only the file system, for the Dockerfile.
// --check-reproducible: twice, and compares. --update: asks Debian for newer libraries than those of the last time.
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeArchive } from './packaging/image/archive.ts';
import { imageContents } from './packaging/image/contents.ts';
import { unpackPackages } from './packaging/image/libraries.ts';
import { writeTree } from './packaging/image/tree.ts';
import { CACHE, DIST } from './packaging/paths.ts';
import { type Arch, hostTarget, TARGETS } from './packaging/targets.ts';

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

if (values.root !== undefined) {
  writeTree(values.root, imageContents(arch, packages));
} else {
  const output = join(DIST, `bcs-apiserver-proxy-image-${arch}.tar`);
  const { digest, layerSize, listing } = build(output);
  if (values['check-reproducible'] && build(output).digest !== digest)
    throw new Error('the second image differs from the first');
  console.log(listing);
  console.log(`libraries from Debian: ${packages.versions.join(', ')}`);
  console.log(`${output}: layer ${(layerSize / 1e6).toFixed(1)} MB compressed`);
  console.log(digest);
}

function readArch(name: string): Arch {
  if (name in TARGETS) return name as Arch;
  throw new Error(`--arch ${name}: one of ${Object.keys(TARGETS).join(' ')} is expected`);
}

function build(output: string) {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'image-'));
  try {
    const root = join(work, 'root');
    writeTree(root, imageContents(arch, packages));
    const partial = join(work, 'image.tar');
    const archive = writeArchive(root, partial, work, { arch, packages: packages.versions });
    renameSync(partial, output);
    return { ...archive, listing: list(root) };
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** One line for each file, link and empty directory. */
function list(root: string): string {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .flatMap(name => {
      const path = join(root, name);
      const stat = lstatSync(path);
      if (stat.isSymbolicLink()) return `${'link'.padStart(11)}  /${name} -> ${readlinkSync(path)}`;
      if (!stat.isDirectory()) return `${String(stat.size).padStart(11)}  /${name}`;
      return readdirSync(path).length === 0 ? `${'directory'.padStart(11)}  /${name}` : [];
    })
    .join('\n');
}
