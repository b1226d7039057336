// Images as one tar file, an OCI image layout: that of one architecture, with the file beside it that older `docker load`
// looks for, or an index of several.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Commit } from '../commit.ts';
import { commitLabels, LABELS, NAME, TAG } from './config.ts';
import {
  blobsIn,
  type Descriptor,
  type Image,
  type ImageOptions,
  jsonBytes,
  OCI,
  writeImage,
} from './manifest.ts';
import { tarOf } from './tree.ts';

/** Uses `work`, an empty directory. */
export function writeArchive(output: string, work: string, options: ImageOptions): Image {
  const layout = makeLayout(work);
  const image = writeImage(blobsIn(layout), work, options);
  writeLayout(layout, image.manifest);
  const { config, layers } = image;
  const legacy = [
    { Config: pathOf(config), RepoTags: [`${NAME}:${TAG}`], Layers: layers.map(layer => pathOf(layer)) },
  ];
  writeFileSync(join(layout, 'manifest.json'), jsonBytes(legacy));
  tarOf(layout, output, { mode: 'u=rwX,go=rX' });
  return image;
}

/** Returns the index: what `image@sha256:...` names for every architecture. */
export function writeIndexArchive(output: string, work: string, all: readonly ImageOptions[]): Descriptor {
  const layout = makeLayout(work);
  const blobs = blobsIn(layout);
  const images = all.map(options => writeImage(blobs, work, options));
  const [{ commit }] = all as readonly [ImageOptions];
  const index = blobs.json(`${OCI}.index.v1+json`, indexOf(images, commit));
  writeLayout(layout, index);
  tarOf(layout, output, { mode: 'u=rwX,go=rX' });
  return index;
}

function indexOf(images: readonly Image[], commit: Commit): unknown {
  return {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: images.map(({ manifest }) => manifest),
    annotations: { ...LABELS, ...commitLabels(commit) },
  };
}

function makeLayout(work: string): string {
  const layout = join(work, 'layout');
  mkdirSync(layout);
  return layout;
}

function writeLayout(layout: string, top: Descriptor): void {
  const file = (name: string, value: unknown): void => writeFileSync(join(layout, name), jsonBytes(value));
  file('oci-layout', { imageLayoutVersion: '1.0.0' });
  // The first is the reference of the layout's specification, the second what containerd and Docker go by.
  const annotations = {
    'org.opencontainers.image.ref.name': TAG,
    'io.containerd.image.name': `docker.io/library/${NAME}:${TAG}`,
  };
  file('index.json', {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: [{ ...top, annotations }],
  });
}

function pathOf({ digest }: Descriptor): string {
  return `blobs/${digest.replace(':', '/')}`;
}
