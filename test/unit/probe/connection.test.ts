// Probes against real TLS servers on loopback.
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTcp, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../../../src/lib/health/outcome.ts';
import { DEFAULT_ACCEPTED } from '../../../src/lib/health/outcome.ts';
import { ProbeConnection, type TlsSettings } from '../../../src/lib/probe/connection.ts';
import { tcpChannel } from '../../../src/lib/probe/tcp.ts';
import { type KeyPair, Pki } from '../discovery/pki.ts';

const TIMEOUT_MS = 5_000;
const pki = new Pki();
let ca: KeyPair;
let server: KeyPair;
const closers: (() => void)[] = [];

beforeAll(() => {
  ca = pki.authority();
  server = pki.server(ca, 'DNS:kubernetes.default.svc');
});
afterAll(() => pki.remove());
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Answering {
  readonly port: number;
  readonly sockets: Socket[];
  readonly requests: { url: string | undefined; authorization: string | undefined }[];
  close(): void;
}

async function apiserver(answer: (respond: (status: number) => void) => void): Promise<Answering> {
  const requests: Answering['requests'] = [];
  const sockets: Socket[] = [];
  const listener = https.createServer({ key: server.key, cert: server.cert }, (request, response) => {
    requests.push({ url: request.url, authorization: request.headers.authorization });
    answer(status => response.writeHead(status).end('ok'));
  });
  listener.on('secureConnection', socket => sockets.push(socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const close = (): void => {
    listener.close();
    listener.closeAllConnections();
  };
  closers.push(close);
  return { port: (listener.address() as AddressInfo).port, sockets, requests, close };
}

function connect(
  port: number,
  tls: Partial<TlsSettings> = {},
): { connection: ProbeConnection; lost: Promise<string> } {
  const { promise: lost, resolve } = Promise.withResolvers<string>();
  const settings = {
    path: '/readyz',
    accepted: DEFAULT_ACCEPTED,
    tls: (): TlsSettings => ({ ca: ca.cert, serverName: 'kubernetes.default.svc', ...tls }),
  };
  const connection = new ProbeConnection({ address: '127.0.0.1', port }, settings, resolve);
  closers.push(() => connection.close());
  return { connection, lost };
}

const kind = ({ kind }: Outcome): string => kind;

test.each([
  [200, 'ready'],
  [401, 'ready'],
  [403, 'ready'],
  [500, 'not-ready'],
  [404, 'not-ready'],
  [429, 'not-ready'],
])('HTTP %i means %s', async (status, expected) => {
  const { port } = await apiserver(respond => respond(status));
  expect(kind(await connect(port).connection.probe(TIMEOUT_MS))).toBe(expected);
});

test('many probes use one connection', async () => {
  const { port, sockets, requests } = await apiserver(respond => respond(200));
  const { connection } = connect(port);
  // More than ten, so that Node would warn of listeners that pile up.
  for (let probe = 0; probe < 15; probe += 1) expect(kind(await connection.probe(TIMEOUT_MS))).toBe('ready');
  expect(sockets).toHaveLength(1);
  expect(requests.map(({ url }) => url)).toEqual(Array(15).fill('/readyz'));
});

test('a refused connection is a hard failure', async () => {
  const { port, close } = await apiserver(respond => respond(200));
  close();
  expect(await connect(port).connection.probe(TIMEOUT_MS)).toEqual({
    kind: 'dead',
    reason: 'econnrefused',
    hard: true,
  });
});

test('a server that accepts and never answers times out, and that is not hard', async () => {
  const { port } = await apiserver(() => {});
  expect(await connect(port).connection.probe(200)).toEqual({
    kind: 'dead',
    reason: 'etimedout',
    hard: false,
  });
});

test('one that never finishes the handshake, too', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  closers.push(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  expect(await connect(port).connection.probe(200)).toEqual({
    kind: 'dead',
    reason: 'etimedout',
    hard: false,
  });
});

test('a certificate of another CA is no answer that counts', async () => {
  const { port } = await apiserver(respond => respond(200));
  const outcome = await connect(port, { ca: pki.authority().cert }).connection.probe(TIMEOUT_MS);
  expect(outcome).toMatchObject({ kind: 'dead', hard: false });
});

test('without a CA the certificate is not verified, and no token is sent', async () => {
  const { port, requests } = await apiserver(respond => respond(200));
  const { connection } = connect(port, { ca: undefined, token: 'secret' });
  expect(kind(await connection.probe(TIMEOUT_MS))).toBe('ready');
  expect(requests).toEqual([{ url: '/readyz', authorization: undefined }]);
});

test('a token is sent over a verified connection', async () => {
  const { port, requests } = await apiserver(respond => respond(200));
  await connect(port, { token: 'secret' }).connection.probe(TIMEOUT_MS);
  expect(requests).toEqual([{ url: '/readyz', authorization: 'Bearer secret' }]);
});

test('the sentinel tells at once that the idle connection was closed', async () => {
  const { port, sockets } = await apiserver(respond => respond(200));
  const { connection, lost } = connect(port);
  await connection.probe(TIMEOUT_MS);
  sockets[0]?.end();
  expect(await lost).toBe('FIN');
});

test('and that it was reset', async () => {
  const { port } = await apiserver(respond => respond(200));
  const accepted = Promise.withResolvers<Socket>();
  // Node cannot reset a TLS connection; a TCP relay in between can.
  const relay = createServer(socket => {
    socket.pipe(connectTcp(port, '127.0.0.1')).pipe(socket);
    accepted.resolve(socket);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  closers.push(() => relay.close());
  const { connection, lost } = connect((relay.address() as AddressInfo).port);
  await connection.probe(TIMEOUT_MS);
  (await accepted.promise).resetAndDestroy();
  expect(await lost).toBe('ECONNRESET');
});

test('a TCP probe asks only whether somebody accepts', async () => {
  const { port, close } = await apiserver(() => {});
  const channel = tcpChannel({ address: '127.0.0.1', port });
  expect(kind(await channel.probe(TIMEOUT_MS))).toBe('ready');
  close();
  expect(await channel.probe(TIMEOUT_MS)).toEqual({ kind: 'dead', reason: 'econnrefused', hard: true });
});
