// Probes of status against real servers on loopback: how far each one gets, and what is seen on the way.

import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openSockets } from '../../../../src/lib/app.ts';
import { type ProbeOptions, probe, trustOf } from '../../../../src/lib/status/collect/probe.ts';
import { collectProbes } from '../../../../src/lib/status/collect/probes.ts';
import { LONG_ROUND_TRIP_MS } from '../../../../src/lib/status/report.ts';
import { NO_PINS } from '../../../helpers/memory-kernel.ts';
import { type KeyPair, Pki } from '../../discovery/pki.ts';

const VIP = '10.99.0.1';
const NO_SOCKETS = { traffic: () => [] };
const NAME = 'DNS:kubernetes.default.svc';
const pki = new Pki();
const closers: (() => void)[] = [];
let ca: KeyPair;
let withVip: KeyPair;
let withoutVip: KeyPair;

beforeAll(() => {
  ca = pki.authority();
  withVip = pki.server(ca, NAME, `IP:${VIP}`, 'IP:fd99::1');
  withoutVip = pki.server(ca, NAME, 'IP:10.99.0.11', 'DNS:10.99.0.1');
});
afterAll(() => pki.remove());
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function apiserver(answer: RequestListener, identity = withVip): Promise<number> {
  const server = createTlsServer({ key: identity.key, cert: identity.cert }, answer);
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return listening(server);
}

/** A TCP server that does whatever `accept` does with a connection. */
async function stranger(accept: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => {}));
    accept(socket);
  });
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listening(server);
}

const answering =
  (status: number): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end('ok');

function ask(port: number, options: Partial<ProbeOptions> = {}) {
  const { signal } = new AbortController();
  return probe(
    { address: '127.0.0.1', port },
    {
      trust: trustOf(ca.cert),
      vip: VIP,
      path: '/readyz',
      deadline: signal,
      sockets: NO_SOCKETS,
      ...options,
    },
  );
}

describe('an answer', () => {
  test.each([
    ['the kernel knows of the connection', openSockets()],
    ['the kernel lists no sockets', NO_SOCKETS],
  ])('a busy process is no long round trip: %s', async (_, sockets) => {
    const port = await apiserver(answering(200));
    const asked = ask(port, { sockets });
    const until = performance.now() + 2 * LONG_ROUND_TRIP_MS;
    process.nextTick(() => {
      while (performance.now() < until);
    });
    const { outcome, latencyMs, roundTripMs } = await asked;
    expect(outcome).toBe('ready');
    expect(latencyMs).toBeGreaterThan(LONG_ROUND_TRIP_MS);
    expect(roundTripMs ?? 0).toBeLessThan(LONG_ROUND_TRIP_MS);
  });

  test.each([
    [200, 'ready', undefined],
    [401, 'unauthorized', 'http-401'],
    [403, 'unauthorized', 'http-403'],
    [500, 'not-ready', 'http-500'],
    [404, 'not-ready', 'http-404'],
  ])('HTTP %i is %s', async (status, outcome, reason) => {
    expect(await ask(await apiserver(answering(status)))).toMatchObject({ outcome, reason, reached: 'http' });
  });

  test('takes some time, in milliseconds', async () => {
    const { latencyMs } = await ask(await apiserver(answering(200)));
    expect(latencyMs).toBeGreaterThan(0);
  });

  test('is asked for by name and path, and without credentials', async () => {
    const requests: object[] = [];
    const port = await apiserver((request, response) => {
      requests.push({ url: request.url, host: request.headers.host, headers: Object.keys(request.headers) });
      response.end();
    });
    await ask(port);
    expect(requests).toEqual([
      { url: '/readyz', host: 'kubernetes.default.svc', headers: ['host', 'connection'] },
    ]);
  });
});

describe('the certificate', () => {
  const certificateOf = async (port: number, options: Partial<ProbeOptions> = {}) =>
    (await ask(port, options)).certificate;

  test('expires in two days', async () => {
    const certificate = await certificateOf(await apiserver(answering(200)));
    expect(certificate?.expiresInS).toBeGreaterThan(86_400);
    expect(certificate?.expiresInS).toBeLessThanOrEqual(172_800);
  });

  test.each([
    ['10.99.0.1', true],
    ['fd99::1', true],
    ['10.99.0.2', false],
  ])('names %s: %s', async (vip, namesVip) => {
    expect(await certificateOf(await apiserver(answering(200)), { vip })).toMatchObject({ namesVip });
  });

  test('an address that begins in the same way, or stands among the DNS names, is not the VIP', async () => {
    const port = await apiserver(answering(200), withoutVip);
    expect(await certificateOf(port)).toMatchObject({ namesVip: false, verified: true });
  });

  test('is verified with the CA, and not without one', async () => {
    const port = await apiserver(answering(200));
    expect(await certificateOf(port)).toMatchObject({ verified: true });
    expect(await certificateOf(port, { trust: trustOf(undefined) })).toMatchObject({ verified: undefined });
  });

  test('of another authority, or for another name, is described all the same', async () => {
    const foreign = pki.server(pki.authority(), NAME, `IP:${VIP}`);
    const misnamed = pki.server(ca, 'DNS:example.test', 'IP:192.0.2.1');
    for (const identity of [foreign, misnamed]) {
      const answer = await ask(await apiserver(answering(200), identity));
      expect(answer).toMatchObject({ outcome: 'ready', certificate: { verified: false } });
    }
  });

  test('hand-made for the VIP alone is as good as any', async () => {
    const answer = await ask(await apiserver(answering(200), pki.server(ca, `IP:${VIP}`)));
    expect(answer).toMatchObject({ outcome: 'ready', certificate: { namesVip: true, verified: true } });
  });
});

describe('no answer', () => {
  test('nobody listens', async () => {
    const port = await stranger(() => {});
    for (const close of closers.splice(0)) close();
    expect(await ask(port)).toEqual({
      outcome: 'dead',
      reason: 'econnrefused',
      reached: 'nothing',
      latencyMs: undefined,
      certificate: undefined,
    });
  });

  test('accepts and says nothing: ends with the deadline, behind TCP', async () => {
    const deadline = new AbortController();
    const port = await stranger(socket => socket.once('data', () => deadline.abort()));
    const answer = await ask(port, { deadline: deadline.signal });
    expect(answer).toMatchObject({ outcome: 'dead', reason: 'etimedout', reached: 'tcp' });
    expect(answer.certificate).toBeUndefined();
  });

  test('shakes hands and never answers: the certificate was seen', async () => {
    const deadline = new AbortController();
    const port = await apiserver(() => deadline.abort());
    const answer = await ask(port, { deadline: deadline.signal });
    expect(answer).toMatchObject({ outcome: 'dead', reason: 'etimedout', reached: 'tls' });
    expect(answer.certificate).toMatchObject({ namesVip: true });
  });

  test('breaks off in the middle of the answer', async () => {
    const port = await apiserver((_request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
      setImmediate(() => response.destroy());
    });
    expect(await ask(port)).toMatchObject({ outcome: 'dead', reason: 'econnreset', reached: 'http' });
  });

  test('does not speak TLS', async () => {
    const port = await stranger(socket =>
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    const answer = await ask(port);
    expect(answer).toMatchObject({ outcome: 'dead', reached: 'tcp' });
    expect(answer.reason).toMatch(/ssl|eproto/);
  });

  test('the time was over before it began', async () => {
    const port = await apiserver(answering(200));
    const answer = await ask(port, { deadline: AbortSignal.abort() });
    expect(answer).toMatchObject({ outcome: 'dead', reason: 'etimedout', reached: 'nothing' });
  });
});

describe('all of them', () => {
  test('each real server is asked once, whoever names it, and the VIP as well', async () => {
    const asked: number[] = [];
    const counting = (): Promise<number> => {
      const port = apiserver((request, response) => {
        asked.push(request.socket.localPort ?? 0);
        response.end();
      });
      return port;
    };
    const ports = [await counting(), await counting(), await counting()].sort((a, b) => a - b);
    const [first = 0, second = 0, vip = 0] = ports;
    const at = (port: number) => ({ address: '127.0.0.1', port });
    const { probes, throughVip } = await collectProbes({
      virtualServer: at(vip),
      realServers: [at(first), at(first)],
      moreRealServers: Promise.resolve([at(second), at(first)]),
      kubeconfigs: [],
      deadline: new AbortController().signal,
      pins: NO_PINS,
      sockets: NO_SOCKETS,
      spreads: false,
    });
    // A second time for what is large.
    expect(asked.sort((a, b) => a - b)).toEqual([...ports, vip].sort((a, b) => a - b));
    expect(probes.seen && probes.value.map(({ port, outcome }) => [port, outcome])).toEqual([
      [first, 'ready'],
      [second, 'ready'],
    ]);
    // No connection table of IPVS has this connection.
    expect(throughVip).toMatchObject({ seen: true, value: { outcome: 'ready', realServer: undefined } });
  });

  test('where a scheduler spreads connections, one of several that is dead is not the VIP', async () => {
    let asked = 0;
    // Every second connection gets no answer.
    const port = await apiserver((request, response) => {
      if (request.url === '/readyz' && ++asked % 2 === 1) request.socket.destroy();
      else response.end('ok');
    });
    const vip = { address: '127.0.0.1', port };
    const { throughVip } = await collectProbes({
      virtualServer: vip,
      spreads: true,
      realServers: [vip, { ...vip, port: 1 }, { ...vip, port: 2 }],
      moreRealServers: Promise.resolve([]),
      kubeconfigs: [],
      deadline: new AbortController().signal,
      pins: NO_PINS,
      sockets: NO_SOCKETS,
    });
    expect(asked, 'three through the VIP, and one that is asked directly').toBe(4);
    expect(throughVip).toMatchObject({ value: { outcome: 'ready', largeArrives: true } });
  });

  test('the CA is that of the first kubeconfig that has one', async () => {
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'k' } }],
      clusters: [{ name: 'k', cluster: { 'certificate-authority': ca.certFile } }],
    };
    const kubeconfigs = [pki.file('broken', '{'), '/nonexistent', pki.file('good', JSON.stringify(config))];
    const target = { address: '127.0.0.1', port: await apiserver(answering(200)) };
    const { probes } = await collectProbes({
      virtualServer: target,
      realServers: [target],
      moreRealServers: Promise.resolve([]),
      kubeconfigs,
      deadline: new AbortController().signal,
      pins: NO_PINS,
      sockets: NO_SOCKETS,
      spreads: false,
    });
    expect(probes).toMatchObject({ value: [{ certificate: { verified: true } }] });
  });
});
