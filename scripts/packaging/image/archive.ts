// An image as one tar file: an OCI image layout, with the file beside it that older `docker load` looks for. One layer.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Arch } from '../targets.ts';
import { LABELS, NAME, OCI_ARCHITECTURE, RUNTIME, TAG } from './config.ts';
import { tarOf } from './tree.ts';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = 'application/vnd.oci.image';
/** Not the time of the build, or two builds would differ. */
const CREATED = '1970-01-01T00:00:00Z';

export interface Archive {
  /** Of the manifest: what `image@sha256:...` names. */
  readonly digest: string;
  /** The layer, compressed; bytes. */
  readonly layerSize: number;
}

/** Uses `work`, an empty directory. `packages` is shown as a label. */
export function writeArchive(
  root: string,
  output: string,
  work: string,
  { arch, packages }: { arch: Arch; packages: readonly string[] },
): Archive {
  const layout = join(work, 'layout');
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const blob = (mediaType: string, content: Buffer): Descriptor => {
    const hash = sha256(content);
    writeFileSync(join(layout, 'blobs/sha256', hash), content);
    return { mediaType, digest: `sha256:${hash}`, size: content.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

  const layerFile = join(work, 'layer.tar');
  tarOf(root, layerFile);
  const tar = readFileSync(layerFile);
  const layer = blob(`${OCI}.layer.v1.tar+gzip`, gzipSync(tar));
  const config = blob(
    `${OCI}.config.v1+json`,
    json({
      created: CREATED,
      architecture: OCI_ARCHITECTURE[arch],
      os: 'linux',
      config: { ...RUNTIME, Labels: { ...LABELS, 'bcs-apiserver-proxy.libraries': packages.join(', ') } },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(tar)}`] },
      history: [{ created: CREATED, created_by: 'scripts/image' }],
    }),
  );
  const manifest = blob(
    `${OCI}.manifest.v1+json`,
    json({ schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers: [layer] }),
  );
  const file = (name: string, value: unknown): void => writeFileSync(join(layout, name), json(value));
  file('oci-layout', { imageLayoutVersion: '1.0.0' });
  file('index.json', {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: [
      {
        ...manifest,
        platform: { architecture: OCI_ARCHITECTURE[arch], os: 'linux' },
        // The first is the reference of the layout's specification, the second what containerd and Docker go by.
        annotations: {
          'org.opencontainers.image.ref.name': TAG,
          'io.containerd.image.name': `docker.io/library/${NAME}:${TAG}`,
        },
      },
    ],
  });
  file('manifest.json', [{ Config: pathOf(config), RepoTags: [`${NAME}:${TAG}`], Layers: [pathOf(layer)] }]);
  tarOf(layout, output, 'u=rwX,go=rX');
  return { digest: manifest.digest, layerSize: layer.size };
}

function pathOf({ digest }: Descriptor): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
