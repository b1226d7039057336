// An image index of two architectures, from layers of one small file each.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeIndexArchive } from '../../../scripts/packaging/image/archive.ts';
import type { Entry } from '../../../scripts/packaging/image/contents.ts';
import type { Arch } from '../../../scripts/packaging/targets.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const COMMIT = { revision: 'f'.repeat(40), epoch: 1_000_000_000, dirty: false };
const file = (path: string, text: string): Entry => ({ path, mode: 0o644, kind: 'text', text });

/** Layers that differ by architecture, above one that does not. */
function archive(commit = COMMIT) {
  const output = join(tempDir(), 'image.tar');
  const image = (arch: Arch) => ({
    arch,
    commit,
    layers: [[file('/etc/common', 'same')], [file('/program', arch)]],
    packages: ['glibc 2.36'],
  });
  const index = writeIndexArchive(output, tempDir(), [image('x64'), image('arm64')]);
  return { output, index };
}

function layoutOf(output: string) {
  const directory = tempDir();
  execFileSync('tar', ['-xf', output, '-C', directory]);
  const json = (path: string) => JSON.parse(readFileSync(join(directory, path), 'utf8'));
  return { directory, json, blob: (digest: string) => json(`blobs/${digest.replace(':', '/')}`) };
}

test('it names one image for each platform, and what they share is there once', () => {
  const { output, index } = archive();
  const { directory, json, blob } = layoutOf(output);
  const [top] = json('index.json').manifests;
  expect(top).toMatchObject(index);
  const { manifests, annotations } = blob(top.digest);
  expect(manifests.map((each: { platform: unknown }) => each.platform)).toEqual([
    { architecture: 'amd64', os: 'linux' },
    { architecture: 'arm64', os: 'linux' },
  ]);
  expect(annotations).toMatchObject({
    'org.opencontainers.image.revision': COMMIT.revision,
    'org.opencontainers.image.created': '2001-09-09T01:46:40Z',
  });
  const [x64, arm64] = manifests.map((each: { digest: string }) => blob(each.digest).layers);
  expect(x64[0]).toEqual(arm64[0]);
  expect(x64[1]).not.toEqual(arm64[1]);
  // An index, two manifests, two configurations, three layers.
  expect(readdirSync(join(directory, 'blobs/sha256'))).toHaveLength(8);
});

test('the same again is the same to the byte; of another commit it has the same layers', () => {
  const [first, second, later] = [archive(), archive(), archive({ ...COMMIT, epoch: 1_100_000_000 })];
  expect(readFileSync(second.output).equals(readFileSync(first.output))).toBe(true);
  expect(later.index.digest).not.toBe(first.index.digest);
  const layersOf = ({ output, index }: typeof first) => {
    const { blob } = layoutOf(output);
    return blob(index.digest).manifests.map((each: { digest: string }) => blob(each.digest).layers);
  };
  expect(layersOf(later)).toEqual(layersOf(first));
});
