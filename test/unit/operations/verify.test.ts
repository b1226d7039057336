// What init says of its own connection through the VIP, against real TLS servers on loopback.
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { verifyTask } from '../../../src/lib/operations/verify.ts';
import { NO_PINS } from '../../helpers/memory-kernel.ts';
import { aSpec } from '../../helpers/specs.ts';
import { Pki } from '../discovery/pki.ts';

const pki = new Pki();
afterAll(() => pki.remove());
const ca = pki.authority();

async function verified(...names: string[]) {
  const { key, cert } = pki.server(ca, 'DNS:kubernetes.default.svc', ...names);
  const server = createServer({ key, cert }, (_request, response) => response.end('ok')).listen(
    0,
    '127.0.0.1',
  );
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return through((server.address() as AddressInfo).port);
}

const through = (port: number) =>
  verifyTask(NO_PINS, aSpec({ virtualServer: { address: '127.0.0.1', port } })).run();

test('a certificate that names the VIP: answered, and not a word more', async () => {
  const { status, lines } = await verified('IP:127.0.0.1');
  expect([status, lines]).toEqual(['ok', [expect.stringMatching(/^answered by a master in \d+ ms$/)]]);
});

test('a certificate that does not name the VIP is warned of, with where to read on', async () => {
  const { status, lines } = await verified('IP:127.0.0.2', 'DNS:127.0.0.1');
  expect([status, lines.slice(1)]).toEqual([
    'warning',
    [
      'its certificate does not name 127.0.0.1, so clients that verify it refuse the VIP; see bcs-apiserver-proxy status --explain vip-not-in-certificate',
    ],
  ]);
});

test('nobody answers: the rules stay, and work as soon as somebody does', async () => {
  expect(await through(1)).toEqual({
    status: 'warning',
    lines: [
      'no master answered through 127.0.0.1:1 (ECONNREFUSED); the rules are in place and work as soon as one does',
    ],
  });
});
