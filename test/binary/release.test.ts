// The files of a release: that all are there, that each is what the others say of it, and that what is packed again is the
// same to the byte.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OCI_ARCHITECTURE } from '../../scripts/packaging/image/config.ts';
import { packageDirectory } from '../../scripts/packaging/npm-packages.ts';
import { sha256 } from '../../scripts/packaging/release/checksums.ts';
import { writeDeb } from '../../scripts/packaging/release/deb.ts';
import type { Item } from '../../scripts/packaging/release/payload.ts';
import { writeRpm } from '../../scripts/packaging/release/rpm.ts';
import { writeTarball } from '../../scripts/packaging/release/tarball.ts';
import {
  DEBIAN_ARCHITECTURE,
  debName,
  RPM_ARCHITECTURE,
  rpmName,
  tarballName,
  VERSION,
} from '../../scripts/packaging/release/version.ts';
import { TARGETS } from '../../scripts/packaging/targets.ts';
import { BINARY, runBinary } from './binary.ts';
import {
  ARCHITECTURES,
  HOST,
  IMAGE,
  PRODUCTS,
  PROVENANCE,
  RELEASE,
  ROOT,
  readJson,
  releaseFile,
  SBOM,
  sha256Of,
} from './release.ts';

let work: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'release-test-'));
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

const directory = (name: string): string => mkdtempSync(join(work, `${name}-`));

test('has everything that belongs to it, and sums that fit', () => {
  const present = readdirSync(RELEASE).filter(name => !/^SHA256SUMS\.(asc|cosign)$/.test(name));
  expect(present.sort()).toEqual([...PRODUCTS, PROVENANCE, 'SHA256SUMS'].sort());
  const { status, stdout } = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
    cwd: RELEASE,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map(line => line.replace(': OK', '')),
  ).toEqual([...PRODUCTS, PROVENANCE].sort());
});

describe.each(ARCHITECTURES)('of %s', arch => {
  const binary = join(ROOT, 'dist', TARGETS[arch].file);

  test('the archive holds the binary that was built, which runs from where it was unpacked', () => {
    const name = tarballName(VERSION, arch);
    const target = directory('archive');
    const input = zstdDecompressSync(readFileSync(releaseFile(`${name}.tar.zst`)));
    execFileSync('tar', ['-x', '-C', target], { input });
    expect(readdirSync(target)).toEqual([name]);
    expect(readdirSync(join(target, name, 'systemd'))).toHaveLength(2);
    const inside = join(target, name, 'bcs-apiserver-proxy');
    expect(sha256(readFileSync(inside)), 'run scripts/release after scripts/build').toBe(
      sha256(readFileSync(binary)),
    );
    if (arch !== HOST) return;
    expect(runBinary(['--version'], { binary: inside })).toEqual(runBinary(['--version']));
    const status = ['status', '--no-probe', '--persist-dir', join(target, 'none')];
    expect(runBinary(status, { binary: inside })).toEqual(runBinary(status));
  });

  test('the deb names the architecture and the glibc that the binary needs', () => {
    const field = (name: string): string =>
      execFileSync('dpkg-deb', ['--field', releaseFile(debName(VERSION, arch)), name], {
        encoding: 'utf8',
      }).trim();
    expect(field('Architecture')).toBe(DEBIAN_ARCHITECTURE[arch]);
    const needed = execFileSync('readelf', ['-V', '-W', binary], { encoding: 'utf8' });
    const [newest] = [...needed.matchAll(/Name: GLIBC_([0-9.]+)/g)]
      .map(([, version = '']) => version)
      .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
    expect(field('Depends')).toContain(`libc6 (>= ${newest})`);
  });

  test('the rpm names the architecture and asks for the same', () => {
    const query = (...args: string[]): string =>
      execFileSync('rpm', ['--query', ...args, '--package', releaseFile(rpmName(VERSION, arch))], {
        encoding: 'utf8',
      });
    expect(query('--queryformat', '%{ARCH} %{BUILDHOST} %{VERSION}')).toBe(
      `${RPM_ARCHITECTURE[arch]} localhost ${VERSION}`,
    );
    expect(query('--requires')).toContain('libc.so.6(GLIBC_2.28)(64bit)\n');
    expect(query('--list')).not.toContain('.build-id');
  });
});

test('the image index names an image of each architecture, of blobs that are what they are called', () => {
  const layout = directory('image');
  execFileSync('tar', ['-xf', releaseFile(IMAGE), '-C', layout]);
  const path = (digest: string): string => join(layout, 'blobs', digest.replace(':', '/'));
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
  const seen = new Set<string>();
  const follow = ({ digest, size }: { digest: string; size: number }): string => {
    const content = readFileSync(path(digest));
    expect([`sha256:${sha256(content)}`, content.length]).toEqual([digest, size]);
    seen.add(digest.replace('sha256:', ''));
    return path(digest);
  };
  const { manifests: tops } = read(join(layout, 'index.json'));
  expect(tops).toHaveLength(1);
  expect(tops[0].annotations['org.opencontainers.image.ref.name']).toBe(VERSION);
  const index = read(follow(tops[0]));
  expect(index.mediaType).toBe('application/vnd.oci.image.index.v1+json');
  const platforms = index.manifests.map(
    ({ platform }: { platform: { os: string; architecture: string } }) =>
      `${platform.os}/${platform.architecture}`,
  );
  expect(platforms).toEqual(ARCHITECTURES.map(arch => `linux/${OCI_ARCHITECTURE[arch]}`));
  for (const descriptor of index.manifests) {
    const manifest = read(follow(descriptor));
    const config = read(follow(manifest.config));
    expect(config.architecture).toBe(descriptor.platform.architecture);
    expect(manifest.layers).toHaveLength(2);
    for (const layer of manifest.layers) follow(layer);
    const labels = config.config.Labels;
    for (const name of ['title', 'description', 'version', 'revision', 'licenses', 'created'])
      expect(labels[`org.opencontainers.image.${name}`], name).toMatch(/./);
    expect(index.annotations['org.opencontainers.image.revision']).toBe(
      labels['org.opencontainers.image.revision'],
    );
  }
  expect(readdirSync(join(layout, 'blobs/sha256')).sort()).toEqual([...seen].sort());
});

interface Named {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly [{ license: { id: string } }];
  readonly hashes: readonly [{ content: string }];
  readonly components: readonly { name: string; version: string }[];
}

describe('the bill of materials', () => {
  const bom = readJson(SBOM);
  const named: Named[] = bom.components;

  test('names every package whose licence the program carries, and no other, with licence, purl and a hash', () => {
    const licences = readFileSync(join(ROOT, 'dist/THIRD_PARTY_LICENSES.txt'), 'utf8');
    const titles = licences.split(`\n${'-'.repeat(80)}\n\n`).map(part => part.split('\n')[0]);
    const packages = named.filter(({ purl }) => purl.startsWith('pkg:npm/'));
    const addons = packages.filter(({ name }) => name.startsWith('koffi-linux-'));
    expect(addons.map(({ name }) => name)).toEqual(ARCHITECTURES.map(arch => `koffi-linux-${arch}`).sort());
    const described = packages
      .filter(component => !addons.includes(component))
      .map(({ group, name, version, licenses: [{ license }] }) => {
        const full = group === undefined ? name : `${group}/${name}`;
        return `${full} ${version} (${license.id})`;
      });
    const node = named.find(({ type }) => type === 'platform');
    expect([...described, `Node.js ${node?.version}`].sort()).toEqual([...new Set(titles)].sort());
    for (const { hashes } of packages) expect(hashes[0].content).toMatch(/^[0-9a-f]{128}$/);
  });

  test('says which OpenSSL is in Node, as the binary does', () => {
    const node = named.find(({ type }) => type === 'platform');
    expect(`v${node?.version}`).toBe(/node-(v\S+)/.exec(runBinary(['--version']).stdout)?.[1]);
    const openssl = node?.components.find(({ name }) => name === 'openssl');
    const inside = spawnSync('grep', ['-c', '-a', '-F', `OpenSSL ${openssl?.version} `, BINARY]);
    expect(inside.status, `OpenSSL ${openssl?.version} is in the binary`).toBe(0);
  });

  test('depends on nothing that it does not name, and everything is needed by something', () => {
    const top = bom.metadata.component['bom-ref'];
    const refs = [top, ...named.map(component => component['bom-ref'])];
    expect(new Set(refs).size).toBe(refs.length);
    const dependencies: { ref: string; dependsOn: string[] }[] = bom.dependencies;
    expect(dependencies.map(({ ref }) => ref).sort()).toEqual(refs.toSorted());
    const reached = new Set([top]);
    for (const ref of reached)
      for (const next of dependencies.find(each => each.ref === ref)?.dependsOn ?? []) reached.add(next);
    expect([...reached].sort()).toEqual(refs.toSorted());
    expect(bom.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

test('the provenance is of these files, this lock file and a commit', () => {
  const statement = readJson(PROVENANCE);
  expect(statement).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/provenance/v1',
  });
  expect(statement.subject).toEqual(
    PRODUCTS.toSorted().map(name => ({ name, digest: { sha256: sha256Of(RELEASE, name) } })),
  );
  const [source, lock] = statement.predicate.buildDefinition.resolvedDependencies;
  expect(lock.digest.sha256).toBe(sha256Of(ROOT, 'package-lock.json'));
  const revision = source.digest.gitCommit.replace('-dirty', '');
  expect(execFileSync('git', ['cat-file', '-t', revision], { cwd: ROOT, encoding: 'utf8' })).toBe('commit\n');
});

describe('packed again at another time, place and with another umask, it is the same to the byte:', () => {
  /** It names a glibc and a libstdc++, as the binary does. */
  const SMALL = join(packageDirectory(`@koromix/koffi-linux-${HOST}`), `linux_${HOST}/koffi.node`);

  const items = (): Item[] => {
    const licence = { file: join(ROOT, 'LICENSE') };
    return [
      { archived: 'tool', installed: '/usr/local/bin/tool', mode: 0o755, content: { file: SMALL } },
      {
        archived: 'LICENSE',
        installed: '/usr/share/doc/bcs-apiserver-proxy/LICENSE',
        mode: 0o644,
        content: licence,
      },
    ];
  };

  const twice = (make: (output: string, work: string) => void): [Buffer, Buffer] => {
    const once = (): Buffer => {
      const output = join(directory('output'), 'file');
      make(output, directory('packing'));
      return readFileSync(output);
    };
    const first = once();
    const [umask, zone] = [process.umask(0o077), process.env.TZ];
    process.env.TZ = 'Pacific/Apia';
    try {
      // The next second, so that a time of the build would be another one.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
      return [first, once()];
    } finally {
      process.umask(umask);
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  };

  test.each([
    [
      'archive',
      (output: string, work: string) =>
        writeTarball(output, work, { name: 'x', items: items(), epoch: 1e9, level: 1 }),
    ],
    [
      'deb',
      (output: string, work: string) =>
        writeDeb(output, work, { arch: HOST, version: '1.0.0', items: items(), epoch: 1e9, level: 0 }),
    ],
    [
      'rpm',
      (output: string, work: string) =>
        writeRpm(output, work, { arch: HOST, version: '1.0.0', items: items(), epoch: 1e9, level: 0 }),
    ],
  ])('%s', (_, make) => {
    const [first, second] = twice(make);
    expect(sha256(second)).toBe(sha256(first));
  });
});
