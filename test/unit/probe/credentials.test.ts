// What probes show and whom they trust: what was asked for and cannot be read is a fault of this node, and what is in the
// middle of a rotation leaves the last good.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { credentialsFrom, findCa } from '../../../src/lib/probe/credentials.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { Pki } from '../discovery/pki.ts';

const pki = new Pki();
afterAll(() => pki.remove());
afterEach(() => vi.useRealTimers());

const ca = pki.authority();
const client = pki.server(ca, 'DNS:client');
const other = pki.server(ca, 'DNS:other');

function file(text: string): string {
  const path = join(tempDir(), 'file');
  writeFileSync(path, text);
  return path;
}

const never = (error: unknown): void => {
  throw error;
};

test.each([
  ['a CA that is not there', { caFile: '/nonexistent' }, '/nonexistent: there is no such file'],
  ['a token that is not there', { tokenFile: '/nonexistent' }, '/nonexistent: there is no such file'],
  ['a token file that never ends', { tokenFile: '/dev/zero' }, '/dev/zero is not a regular file'],
])('%s is an error, not a reason to do without', (_, files, message) => {
  expect(credentialsFrom(files, never)).toThrow(message);
});

test('a token with a line break is not sent, and not quoted', () => {
  const tokenFile = file('s3cr3t\nX-Other: header\n');
  expect(credentialsFrom({ tokenFile }, never)).toThrow(
    /^\S+ has more than one line, or characters that no token has$/,
  );
});

test('a key that is not that of the certificate is an error', () => {
  const files = { certificateFile: file(client.cert), keyFile: file(other.key) };
  expect(credentialsFrom(files, never)).toThrow('are no certificate and its key');
});

test('in the middle of a rotation the last good pair stays, and the fault is told', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const files = { certificateFile: file(client.cert), keyFile: file(client.key) };
  const told: unknown[] = [];
  const read = credentialsFrom(files, error => told.push(error));
  const before = read();
  writeFileSync(files.certificateFile, other.cert);
  vi.advanceTimersByTime(61_000);
  expect([read(), told.length]).toEqual([before, 1]);
  writeFileSync(files.keyFile, other.key);
  vi.advanceTimersByTime(61_000);
  expect([read().cert, told.length]).toEqual([other.cert, 1]);
});

test.each([
  ['a text', JSON.stringify(Buffer.from('PEM').toString('base64')), 'PEM'],
  ['YAML binary', `!!binary ${Buffer.from('PEM').toString('base64')}`, 'PEM'],
  ['nothing, and a file', '""\n      certificate-authority: ca.crt', 'FILE'],
])('certificate-authority-data as %s', (_, data, expected) => {
  const directory = tempDir();
  writeFileSync(join(directory, 'ca.crt'), 'FILE');
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    `current-context: c
contexts: [{ name: c, context: { cluster: k } }]
clusters:
  - name: k
    cluster:
      server: https://10.99.0.1:6443
      tls-server-name: api.example
      certificate-authority-data: ${data}
`,
  );
  expect(findCa({ kubeconfig })).toBe(expected);
  expect(credentialsFrom({ kubeconfig }, never)().serverName).toBe('api.example');
});
