// The guest's disk and kernel: built once by image/build, then found again by a hash of everything that went in.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageDirectory } from '../../scripts/packaging/npm-packages.ts';
import { CACHE, requireProgram } from './paths.ts';
import {
  ARCHITECTURES,
  chosenVariant,
  imageName,
  type Purpose,
  replacedImages,
  type Variant,
} from './variant.ts';

const BUILD_TIMEOUT_MS = 15 * 60_000; // half a minute with a near mirror; the rest is for a slow one

export interface Image {
  disk: string;
  kernel: string;
}

/** Debian packages beyond those of every guest: what kubelet runs containers with, and kube-proxy. */
const PACKAGES: Readonly<Record<Purpose, readonly string[]>> = {
  image: [],
  worker: [
    ...[
      'containerd',
      'runc',
      'containernetworking-plugins',
      'iptables',
      'ipset',
      'ethtool',
      'socat',
      'mount',
    ],
    ...['busybox-static', 'ca-certificates'],
  ],
};

export async function rootImage(purpose: Purpose = 'image'): Promise<Image> {
  const variant = chosenVariant();
  const sources = join(import.meta.dirname, 'image');
  const hash = createHash('sha256').update(process.versions.node);
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  hash.update(PACKAGES[purpose].join());
  const directory = join(CACHE, imageName(variant, hash.digest('hex').slice(0, 12), purpose));
  if (!existsSync(directory)) {
    requireProgram('mmdebstrap', 'mmdebstrap');
    requireProgram('mke2fs', 'e2fsprogs');
    if (process.getuid?.() !== 0) throw new Error('Building the kernel lab image needs root.');
    removeOldImages(variant, purpose);
    const node = join(packageDirectory(`node-linux-${variant.arch}`), 'bin/node');
    const args = [directory, node, variant.kernel, ARCHITECTURES[variant.arch].debian, ...PACKAGES[purpose]];
    await promisify(execFile)(join(sources, 'build'), args, {
      timeout: BUILD_TIMEOUT_MS,
    });
  }
  return { disk: join(directory, 'root.ext4'), kernel: join(directory, 'vmlinuz') };
}

function removeOldImages(variant: Variant, purpose: Purpose): void {
  if (!existsSync(CACHE)) return;
  for (const name of replacedImages(readdirSync(CACHE), variant, purpose))
    rmSync(join(CACHE, name), { recursive: true });
}
