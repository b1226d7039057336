// Probes against real TLS servers on loopback.
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTcp, createServer } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_ACCEPTED, type Evidence } from '../../../src/lib/health/evidence.ts';
import type { ProbeChannel } from '../../../src/lib/probe/channel.ts';
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

async function apiserver(
  answer: (respond: (status: number) => void) => void,
  maxVersion?: SecureVersion,
): Promise<Answering> {
  const requests: Answering['requests'] = [];
  const sockets: Socket[] = [];
  const listener = https.createServer(
    { key: server.key, cert: server.cert, maxVersion },
    (request, response) => {
      requests.push({ url: request.url, authorization: request.headers.authorization });
      answer(status => response.writeHead(status).end('ok'));
    },
  );
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

/** All that is told of one question, the final evidence last. */
function ask(channel: ProbeChannel, limitMs = TIMEOUT_MS): Promise<Evidence[]> {
  const told: Evidence[] = [];
  return new Promise(resolve =>
    channel.probe(limitMs, (evidence, final) => {
      told.push(evidence);
      if (final) resolve(told);
    }),
  );
}

async function answerOf(channel: ProbeChannel, limitMs?: number): Promise<Evidence> {
  const told = await ask(channel, limitMs);
  return told.at(-1) ?? { kind: 'closed', reason: 'nothing was told' };
}

const kind = ({ kind }: Evidence): string => kind;
const kinds = (told: readonly Evidence[]): string[] => told.map(kind);

test.each([
  [200, 'ready'],
  [401, 'ready'],
  [403, 'ready'],
  [500, 'not-ready'],
  [404, 'not-ready'],
  [429, 'not-ready'],
])('HTTP %i means %s', async (status, expected) => {
  const { port } = await apiserver(respond => respond(status));
  expect(kind(await answerOf(connect(port).connection))).toBe(expected);
});

test('many probes use one connection', async () => {
  const { port, sockets, requests } = await apiserver(respond => respond(200));
  const { connection } = connect(port);
  // More than ten, so that Node would warn of listeners that pile up.
  for (let probe = 0; probe < 15; probe += 1) expect(kind(await answerOf(connection))).toBe('ready');
  expect(sockets).toHaveLength(1);
  expect(requests.map(({ url }) => url)).toEqual(Array(15).fill('/readyz'));
});

test('a refused connection: nobody listens', async () => {
  const { port, close } = await apiserver(respond => respond(200));
  close();
  expect(await ask(connect(port).connection)).toEqual([{ kind: 'refused', reason: 'econnrefused' }]);
});

test('an answer after the limit is an answer, and told as silence until it comes', async () => {
  const { port, sockets, requests } = await apiserver(respond => setTimeout(() => respond(200), 300));
  const { connection } = connect(port);
  const told = await ask(connection, 100);
  expect(kinds(told)).toEqual(['process-silent', 'late']);
  expect(told.at(-1)).toMatchObject({ latencyMs: expect.any(Number) });
  expect([sockets.length, requests.length], 'nothing was sent beside it').toEqual([1, 1]);
  expect(kinds(await ask(connection)), 'over the same connection').toEqual(['ready']);
  expect(sockets).toHaveLength(1);
});

test('a late answer that is not accepted is not ready', async () => {
  const { port } = await apiserver(respond => setTimeout(() => respond(500), 300));
  expect(kinds(await ask(connect(port).connection, 100))).toEqual(['process-silent', 'not-ready']);
});

test('a server that accepts and never finishes the handshake is silent, and asked no second time', async () => {
  const accepted: Socket[] = [];
  const silent = createServer(socket => accepted.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  closers.push(() => {
    silent.close();
    for (const socket of accepted) socket.destroy();
  });
  const { connection } = connect((silent.address() as AddressInfo).port);
  const { promise: twice, resolve } = Promise.withResolvers<Evidence[]>();
  const told: Evidence[] = [];
  connection.probe(100, evidence => {
    told.push(evidence);
    if (told.length === 2) resolve(told);
  });
  expect(kinds(await twice)).toEqual(['process-silent', 'process-silent']);
  expect(new Set(told.map(one => 'since' in one && one.since)).size, 'since the same moment').toBe(1);
  expect(accepted).toHaveLength(1);
});

test('a connection that is ended before the answer says nothing yet', async () => {
  const { port, sockets } = await apiserver(() => {
    for (const socket of sockets) socket.destroy();
  });
  expect(kinds(await ask(connect(port).connection))).toEqual(['closed']);
});

describe('a certificate that does not fit', () => {
  test('of another CA: the master is alive, and sees neither token nor client certificate', async () => {
    const { port, requests } = await apiserver(respond => respond(200));
    const { connection } = connect(port, { ca: pki.authority().cert, token: 'secret' });
    expect(await answerOf(connection)).toMatchObject({ kind: 'ready', unverified: expect.any(String) });
    expect(requests).toEqual([{ url: '/readyz', authorization: undefined }]);
    expect(kinds(await ask(connection)), 'over the same connection').toEqual(['ready']);
  });

  test('of another name: likewise', async () => {
    const { port } = await apiserver(respond => respond(200));
    const { connection } = connect(port, { serverName: 'somebody.else' });
    expect(await answerOf(connection)).toMatchObject({
      kind: 'ready',
      unverified: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  test('a key that is not that of the client certificate is a fault of ours: it throws', async () => {
    const { port } = await apiserver(respond => respond(200));
    const other = pki.server(ca, 'DNS:other');
    expect(() => connect(port, { cert: server.cert, key: other.key })).toThrow(/key values mismatch/);
  });
});

test('without a CA the certificate is not verified, and no token is sent', async () => {
  const { port, requests } = await apiserver(respond => respond(200));
  const { connection } = connect(port, { ca: undefined, token: 'secret' });
  expect(kind(await answerOf(connection))).toBe('ready');
  expect(requests).toEqual([{ url: '/readyz', authorization: undefined }]);
});

test('a token is sent over a verified connection', async () => {
  const { port, requests } = await apiserver(respond => respond(200));
  await ask(connect(port, { token: 'secret' }).connection);
  expect(requests).toEqual([{ url: '/readyz', authorization: 'Bearer secret' }]);
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'the sentinel tells at once that the process closed the idle connection: %s',
  async version => {
    const { port, sockets } = await apiserver(respond => respond(200), version);
    const { connection, lost } = connect(port);
    await answerOf(connection);
    await answerOf(connection);
    sockets[0]?.end();
    expect(await lost).toBe('CLOSE_NOTIFY');
  },
);

test.each([
  ['that it was closed and nobody knows by whom, as by the kernel of one that was killed', 'end', 'FIN'],
  ['that it was reset', 'resetAndDestroy', 'ECONNRESET'],
] as const)('and %s', async (_, how, code) => {
  const { port } = await apiserver(respond => respond(200));
  const accepted = Promise.withResolvers<Socket>();
  // Node does neither to a TLS connection; a TCP relay in between can.
  const relay = createServer(socket => {
    socket.pipe(connectTcp(port, '127.0.0.1')).pipe(socket);
    accepted.resolve(socket);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  closers.push(() => relay.close());
  const { connection, lost } = connect((relay.address() as AddressInfo).port);
  await answerOf(connection);
  (await accepted.promise)[how]();
  expect(await lost).toBe(code);
});

test('a TCP probe asks only whether somebody accepts', async () => {
  const { port, close } = await apiserver(() => {});
  const channel = tcpChannel({ address: '127.0.0.1', port });
  expect(kind(await answerOf(channel))).toBe('ready');
  close();
  expect(await answerOf(channel)).toEqual({ kind: 'refused', reason: 'econnrefused' });
});
