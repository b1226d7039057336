// The image of one architecture as blobs: its layers, its configuration, and the manifest that names them.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Commit, isoTime } from '../commit.ts';
import type { Arch } from '../targets.ts';
import { commitLabels, LABELS, OCI_ARCHITECTURE, RUNTIME } from './config.ts';
import type { Entry } from './contents.ts';
import { tarOf, writeTree } from './tree.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export const OCI = 'application/vnd.oci.image';

/** Writes into `directory`, the layout's. */
export function blobsIn(directory: string) {
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (mediaType: string, content: Buffer): Descriptor => {
    const hash = sha256(content);
    writeFileSync(join(blobs, hash), content);
    return { mediaType, digest: `sha256:${hash}`, size: content.length };
  };
  return { blob, json: (mediaType: string, value: unknown) => blob(mediaType, jsonBytes(value)) };
}

export type Blobs = ReturnType<typeof blobsIn>;

export interface ImageOptions {
  readonly arch: Arch;
  readonly commit: Commit;
  /** Of each layer, from the lowest up. */
  readonly layers: readonly (readonly Entry[])[];
  /** Debian's, shown as a label. */
  readonly packages: readonly string[];
}

export interface Image {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Uses `work`, a directory for what is temporary. */
export function writeImage({ blob, json }: Blobs, work: string, options: ImageOptions): Image {
  const { arch, commit, packages } = options;
  const created = isoTime(commit.epoch);
  const platform = { architecture: OCI_ARCHITECTURE[arch], os: 'linux' };
  const tars = options.layers.map(entries => layerTar(work, entries));
  const layers = tars.map(tar => blob(`${OCI}.layer.v1.tar+gzip`, gzipSync(tar)));
  const config = json(`${OCI}.config.v1+json`, {
    created,
    ...platform,
    config: {
      ...RUNTIME,
      Labels: { ...LABELS, ...commitLabels(commit), 'bcs-apiserver-proxy.libraries': packages.join(', ') },
    },
    rootfs: { type: 'layers', diff_ids: tars.map(tar => `sha256:${sha256(tar)}`) },
    history: layers.map(() => ({ created, created_by: 'scripts/image' })),
  });
  const manifest = json(`${OCI}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config,
    layers,
  });
  return { manifest: { ...manifest, platform }, config, layers };
}

/** The times in a layer are the beginning of time, or the lower one would be another with each commit. */
function layerTar(work: string, entries: readonly Entry[]): Buffer {
  const directory = mkdtempSync(join(work, 'layer-'));
  writeTree(join(directory, 'root'), entries);
  const file = join(directory, 'layer.tar');
  tarOf(join(directory, 'root'), file);
  const tar = readFileSync(file);
  rmSync(directory, { recursive: true });
  return tar;
}

export function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
