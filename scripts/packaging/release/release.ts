// All files of a release, each made in turn, and at last those that name the others.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '../bundle.ts';
import type { Commit } from '../commit.ts';
import { writeIndexArchive } from '../image/archive.ts';
import { imageContents } from '../image/contents.ts';
import { unpackPackages } from '../image/libraries.ts';
import { strippedNode } from '../node-runtime.ts';
import { ROOT } from '../paths.ts';
import { type Arch, TARGETS } from '../targets.ts';
import { inWorkDirectory } from '../work.ts';
import { digestsOf, formatSums, sha256 } from './checksums.ts';
import { writeDeb } from './deb.ts';
import { payload } from './payload.ts';
import { provenance } from './provenance.ts';
import { writeRpm } from './rpm.ts';
import { sbom } from './sbom.ts';
import { writeTarball } from './tarball.ts';
import { debName, NAME, rpmName, tarballName, VERSION } from './version.ts';

export interface ReleaseOptions {
  readonly architectures: readonly Arch[];
  readonly commit: Commit;
  readonly levels: { readonly xz: number; readonly zstd: number };
}

/** Into `directory`, which is empty. Returns a line for each file. */
export async function writeRelease(directory: string, options: ReleaseOptions): Promise<string[]> {
  const { architectures, commit } = options;
  const names: string[] = [];
  const lines: string[] = [];
  const make = (name: string, write: (output: string, work: string) => void): void => {
    const start = performance.now();
    const output = join(directory, name);
    inWorkDirectory('release', work => write(output, work));
    const seconds = (performance.now() - start) / 1000;
    names.push(name);
    lines.push(`${String(statSync(output).size).padStart(11)}  ${name}, in ${seconds.toFixed(1)} s`);
  };
  const writeJson = (name: string, value: unknown): void =>
    make(name, output => writeFileSync(output, `${JSON.stringify(value, null, 2)}\n`));

  for (const arch of architectures) makePackages(make, arch, options);
  const images = architectures.map(arch => ({ arch, packages: unpackPackages(arch, false) }));
  make(`${NAME}-image-${VERSION}.tar`, (output, work) => {
    const all = images.map(({ arch, packages }) => {
      const { base, program } = imageContents(arch, packages);
      return { arch, commit, layers: [base, program], packages: packages.versions };
    });
    writeIndexArchive(output, work, all);
  });
  const imageLibraries = [...new Set(images.flatMap(({ packages }) => packages.versions))].sort();
  const metafile = await bundleProgram();
  const described = { version: VERSION, commit, architectures };
  writeJson(`${NAME}-${VERSION}.cdx.json`, sbom({ ...described, metafile, imageLibraries }));
  const statement = provenance({
    ...described,
    lockFile: { name: 'package-lock.json', sha256: sha256(readFileSync(join(ROOT, 'package-lock.json'))) },
    nodeVersion: process.versions.node,
    runtimes: architectures.map(runtimeOf),
    subjects: digestsOf(directory, names),
  });
  writeJson(`${NAME}-${VERSION}.intoto.json`, statement);
  writeFileSync(join(directory, 'SHA256SUMS'), formatSums(digestsOf(directory, names)));
  return lines;
}

function makePackages(
  make: (name: string, write: (output: string, work: string) => void) => void,
  arch: Arch,
  { commit: { epoch }, levels }: ReleaseOptions,
): void {
  const items = payload(arch);
  const options = { arch, version: VERSION, items, epoch, level: levels.xz };
  const name = tarballName(VERSION, arch);
  make(`${name}.tar.zst`, (output, work) =>
    writeTarball(output, work, { name, items, epoch, level: levels.zstd }),
  );
  make(debName(VERSION, arch), (output, work) => writeDeb(output, work, options));
  make(rpmName(VERSION, arch), (output, work) => writeRpm(output, work, options));
}

/** The Node that is packed, as the build took it: without its symbols. */
function runtimeOf(arch: Arch) {
  const name = `node-${process.versions.node}-linux-${arch}, stripped`;
  return { name, sha256: sha256(readFileSync(strippedNode(TARGETS[arch]))) };
}
