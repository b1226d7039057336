// The container image that scripts/image has made: what is in it, what it runs, and that nothing of the building machine
// or of the day is in it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BINARY_PATH, LABELS, RUNTIME } from '../../scripts/packaging/image/config.ts';
import { BINARY } from './binary.ts';

const ROOT = join(import.meta.dirname, '../..');
const IMAGE = join(ROOT, `dist/bcs-apiserver-proxy-image-${process.arch}.tar`);

let layout: string;

beforeAll(() => {
  if (!existsSync(IMAGE)) throw new Error(`${IMAGE} is missing: run scripts/image first`);
  layout = mkdtempSync(join(tmpdir(), 'image-test-'));
  execFileSync('tar', ['-xf', IMAGE, '-C', layout]);
});

afterAll(() => rmSync(layout, { recursive: true, force: true }));

const json = (path: string) => JSON.parse(readFileSync(join(layout, path), 'utf8'));
const blob = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
const hashOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

function manifest() {
  const [{ digest }] = json('index.json').manifests;
  return json(blob(digest));
}

/** From the lowest up. */
const layerFiles = (): string[] =>
  manifest().layers.map(({ digest }: { digest: string }) => join(layout, blob(digest)));

const configuration = () => json(blob(manifest().config.digest));

/** "drwxr-xr-x 0/0 1970-01-01 00:00 usr/" and so on. */
function entries(layerFile: string): { mode: string; owner: string; time: string; path: string }[] {
  const listing = execFileSync('tar', ['--numeric-owner', '--utc', '--full-time', '-tvzf', layerFile], {
    encoding: 'utf8',
  });
  return listing
    .trimEnd()
    .split('\n')
    .map(line => {
      const [, mode = '', owner = '', time = '', path = ''] =
        /^(\S+) (\S+) +\d+ (\S+ \S+) (.+)$/.exec(line) ?? [];
      return { mode, owner, time, path };
    });
}

describe('the image', () => {
  test('is a valid layout: every blob is what its name says, and every descriptor names one of its size', () => {
    const blobs = readdirSync(join(layout, 'blobs/sha256'));
    for (const name of blobs) expect(hashOf(readFileSync(join(layout, 'blobs/sha256', name)))).toBe(name);
    const { config, layers } = manifest();
    const descriptors = [...json('index.json').manifests, config, ...layers];
    expect(descriptors.map(({ digest }) => digest.replace('sha256:', '')).sort()).toEqual(blobs.sort());
    for (const { digest, size } of descriptors)
      expect(readFileSync(join(layout, blob(digest))).length).toBe(size);
    expect(json('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
  });

  test('says the same to older docker load', () => {
    const { config, layers } = manifest();
    const [{ annotations }] = json('index.json').manifests;
    const reference = annotations['io.containerd.image.name'].replace('docker.io/library/', '');
    expect(json('manifest.json')).toEqual([
      {
        Config: blob(config.digest),
        RepoTags: [reference],
        Layers: layers.map(({ digest }: { digest: string }) => blob(digest)),
      },
    ]);
    expect(reference.split(':')[1]).toBe(annotations['org.opencontainers.image.ref.name']);
  });

  test('runs the daemon as root, with no environment', () => {
    const { config, os, architecture, rootfs } = configuration();
    expect(config).toMatchObject({ ...RUNTIME, Labels: LABELS });
    expect(config.Env).toBeUndefined();
    expect({ os, architecture }).toEqual({
      os: 'linux',
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    });
    const tars = layerFiles().map(file => execFileSync('gzip', ['-dc', file], { maxBuffer: 1e9 }));
    expect(rootfs.diff_ids).toEqual(tars.map(tar => `sha256:${hashOf(tar)}`));
  });

  test('holds the binary, its libraries, licences and mount points, and nothing else', async () => {
    const listings = layerFiles().map(file => entries(file).map(({ mode, path }) => `${mode} ${path}\n`));
    await expect(listings.map(lines => lines.join('')).join('\n')).toMatchFileSnapshot(
      `../golden/image/files-${process.arch}.txt`,
    );
  });

  test('holds the binary that was built', () => {
    const upper = layerFiles().at(-1) ?? '';
    const inside = execFileSync('tar', ['-xOzf', upper, BINARY_PATH.slice(1)], { maxBuffer: 1e9 });
    expect(hashOf(inside), 'run scripts/image after scripts/build').toBe(hashOf(readFileSync(BINARY)));
  });

  test('knows neither who built it nor when, only of which commit it is', () => {
    const all = layerFiles().flatMap(entries);
    expect(new Set(all.map(({ owner, time }) => `${owner} ${time}`))).toEqual(
      new Set(['0/0 1970-01-01 00:00:00']),
    );
    for (const file of layerFiles())
      expect(readFileSync(file).readUInt32LE(4), 'time in the gzip header').toBe(0);
    const { created, config, history } = configuration();
    const revision = config.Labels['org.opencontainers.image.revision'].replace('-dirty', '');
    const seconds = execFileSync('git', ['log', '-1', '--format=%ct', revision], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(Date.parse(created) / 1000).toBe(Number(seconds));
    expect(config.Labels['org.opencontainers.image.created']).toBe(created);
    expect(history.map((layer: { created: string }) => layer.created)).toEqual([created, created]);
  });
});

test('the Dockerfile makes the same image: all of the tree of scripts/image, run in the same way', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const [, final = ''] = dockerfile.split('\nFROM scratch\n');
  const of = (word: string): string[] =>
    final.split('\n').flatMap(line => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
  expect(dockerfile).toContain('scripts/image.ts --root /image');
  expect(of('COPY')).toEqual(['--from=build /image /']);
  expect(of('USER')).toEqual([RUNTIME.User]);
  expect(of('WORKDIR')).toEqual([RUNTIME.WorkingDir]);
  expect(of('ENTRYPOINT').map(line => JSON.parse(line))).toEqual([RUNTIME.Entrypoint]);
  expect(of('CMD').map(line => JSON.parse(line))).toEqual([RUNTIME.Cmd]);
  expect(of('LABEL')).toEqual(Object.entries(LABELS).map(([name, value]) => `${name}="${value}"`));
  expect(of('ENV')).toEqual([]);
});
