// Signatures: what the tools are told, what they make, and what is said where one is missing.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { requireSigners, sign } from '../../../scripts/packaging/release/sign.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function sums(): string {
  const directory = tempDir();
  writeFileSync(join(directory, 'SHA256SUMS'), 'aa  file\n');
  return directory;
}

test('without a key nothing is signed, and no tool is needed', () => {
  const directory = sums();
  const env = { PATH: '/nonexistent' };
  requireSigners(env);
  sign(directory, 'SHA256SUMS', env);
  expect(existsSync(join(directory, 'SHA256SUMS.asc'))).toBe(false);
});

test.each([
  ['RELEASE_GPG_KEY', 'gpg'],
  ['RELEASE_COSIGN_KEY', 'cosign'],
])('%s without %s is one sentence', (variable, tool) => {
  expect(() => requireSigners({ PATH: '/nonexistent', [variable]: 'key' })).toThrow(
    `${variable} is set, and ${tool} is not installed: install it, or unset the variable`,
  );
});

test('what gpg signed, gpg verifies, and not when a byte is changed', () => {
  const directory = sums();
  const env = { PATH: process.env.PATH, GNUPGHOME: join(directory, 'keys') };
  mkdirSync(env.GNUPGHOME, { mode: 0o700 });
  const gpg = (...args: string[]) => execFileSync('gpg', ['--batch', ...args], { env, stdio: 'pipe' });
  onTestFinished(() => {
    execFileSync('gpgconf', ['--kill', 'all'], { env });
  });
  gpg('--passphrase', '', '--quick-generate-key', 'release@example.org', 'ed25519', 'sign', '1d');
  sign(directory, 'SHA256SUMS', { ...env, RELEASE_GPG_KEY: 'release@example.org' });
  const [signature, file] = [join(directory, 'SHA256SUMS.asc'), join(directory, 'SHA256SUMS')];
  expect(readFileSync(signature, 'utf8')).toMatch(/^-----BEGIN PGP SIGNATURE-----\n/);
  gpg('--verify', signature, file);
  writeFileSync(file, 'ab  file\n');
  expect(() => gpg('--verify', signature, file)).toThrow(/BAD signature/);
});

test('cosign is given the key and told where to put the bundle', () => {
  const directory = sums();
  const tools = join(directory, 'tools');
  mkdirSync(tools);
  writeFileSync(join(tools, 'cosign'), `#!/bin/sh\necho "$@" >> ${directory}/calls\n`);
  chmodSync(join(tools, 'cosign'), 0o755);
  const env = { PATH: `${tools}:${process.env.PATH}`, RELEASE_COSIGN_KEY: 'awskms:///alias/release' };
  requireSigners(env);
  sign(directory, 'SHA256SUMS', env);
  sign(directory, 'SHA256SUMS', { ...env, RELEASE_COSIGN_SIGNING_CONFIG: 'none.json' });
  const file = join(directory, 'SHA256SUMS');
  const key = 'sign-blob --yes --key awskms:///alias/release';
  expect(readFileSync(join(directory, 'calls'), 'utf8').split('\n')).toEqual([
    '--version',
    `${key} --bundle ${file}.cosign ${file}`,
    `${key} --signing-config none.json --bundle ${file}.cosign ${file}`,
    '',
  ]);
});

const hasCosign = spawnSync('cosign', ['version']).status === 0;

// Debian has cosign since 14; on 12 this runs where somebody unpacked it.
test.runIf(hasCosign)('what cosign signed, cosign verifies, and not when a byte is changed', () => {
  const directory = sums();
  const env = { ...process.env, COSIGN_PASSWORD: '', HOME: directory };
  const cosign = (...args: string[]) => execFileSync('cosign', args, { env, cwd: directory, stdio: 'pipe' });
  cosign('generate-key-pair');
  cosign('signing-config', 'create', '--out', 'none.json');
  const config = { RELEASE_COSIGN_KEY: 'cosign.key', RELEASE_COSIGN_SIGNING_CONFIG: 'none.json' };
  const paths = Object.entries(config).map(([name, file]) => [name, join(directory, file)]);
  sign(directory, 'SHA256SUMS', { ...env, ...Object.fromEntries(paths) });
  const verify = () =>
    cosign(
      ...['verify-blob', '--key', 'cosign.pub', '--insecure-ignore-tlog'],
      ...['--bundle', 'SHA256SUMS.cosign', 'SHA256SUMS'],
    );
  verify();
  writeFileSync(join(directory, 'SHA256SUMS'), 'ab  file\n');
  expect(verify).toThrow(/invalid signature/);
});
