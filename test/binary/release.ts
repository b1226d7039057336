// The release that scripts/release --draft has made for this machine, or the one in RELEASE_DIRECTORY.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { digestsOf } from '../../scripts/packaging/release/checksums.ts';
import { debName, NAME, rpmName, tarballName, VERSION } from '../../scripts/packaging/release/version.ts';
import type { Arch } from '../../scripts/packaging/targets.ts';

export const ROOT = join(import.meta.dirname, '../..');
export const RELEASE = resolve(ROOT, process.env.RELEASE_DIRECTORY ?? 'dist/release-draft');
export const HOST = process.arch as Arch;

if (!existsSync(RELEASE)) throw new Error(`${RELEASE} is missing: run scripts/release --draft first`);

export const PROVENANCE = `${NAME}-${VERSION}.intoto.json`;
export const SBOM = `${NAME}-${VERSION}.cdx.json`;
export const IMAGE = `${NAME}-image-${VERSION}.tar`;

export const releaseFile = (name: string): string => join(RELEASE, name);
export const readJson = (name: string) => JSON.parse(readFileSync(releaseFile(name), 'utf8'));

const { predicate } = readJson(PROVENANCE);
/** One in a draft. */
export const ARCHITECTURES: readonly Arch[] = predicate.buildDefinition.externalParameters.architectures;

/** Of all that it has to have. */
export const PRODUCTS: readonly string[] = [
  ...ARCHITECTURES.flatMap(arch => [
    `${tarballName(VERSION, arch)}.tar.zst`,
    debName(VERSION, arch),
    rpmName(VERSION, arch),
  ]),
  IMAGE,
  SBOM,
];

export const sha256Of = (directory: string, name: string): string =>
  digestsOf(directory, [name])[0]?.sha256 ?? '';
