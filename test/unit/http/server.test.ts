// A real server on a free port, asked over real connections.
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type MetricsPage, routesOf } from '../../../src/lib/http/routes.ts';
import { HttpServer } from '../../../src/lib/http/server.ts';
import type { DaemonSnapshot } from '../../../src/lib/http/view.ts';
import { createLogger } from '../../../src/lib/log.ts';
import type { HostPort } from '../../../src/lib/model/address.ts';
import { snapshot } from '../../helpers/snapshot.ts';

const LOOPBACK = { address: '127.0.0.1', port: 0 };
const METRICS: MetricsPage = { contentType: 'text/plain; version=0.0.4', render: async () => 'a 1\n' };

interface Options {
  listen?: HostPort;
  daemon?: DaemonSnapshot;
  metrics?: MetricsPage;
}

/** Messages of the log, with their levels. */
let logged: string[];

function makeServer({ listen = LOOPBACK, daemon = snapshot(), metrics = METRICS }: Options): HttpServer {
  logged = [];
  const log = createLogger(
    line => {
      const { level, message } = JSON.parse(line);
      logged.push(`${level}: ${message}`);
    },
    { format: 'json' },
  );
  const server = new HttpServer(listen, routesOf({ snapshot: () => daemon }, metrics, '1.2.3'), log);
  onTestFinished(() => server.close());
  server.start();
  return server;
}

async function serve(options: Options = {}): Promise<{ server: HttpServer; port: number }> {
  const server = makeServer(options);
  await vi.waitUntil(() => server.address);
  return { server, port: server.address?.port ?? 0 };
}

interface Answer {
  status: number | undefined;
  type: string | undefined;
  body: string;
}

async function ask(
  port: number,
  path: string,
  options: { method?: string; body?: string } = {},
): Promise<Answer> {
  const { method = 'GET', body } = options;
  const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  return { status: response.statusCode, type: response.headers['content-type'], body: await text(response) };
}

afterEach(() => vi.useRealTimers());

describe('pages', () => {
  const plain = 'text/plain; charset=utf-8';
  const bad = snapshot({ lastPassAgeMs: 12_000, inKernel: false, passes: 2, failedPasses: 2 });

  test.each<[string, DaemonSnapshot, Answer]>([
    ['/metrics', snapshot(), { status: 200, type: 'text/plain; version=0.0.4', body: 'a 1\n' }],
    ['/healthz', snapshot(), { status: 200, type: plain, body: 'ok\n' }],
    ['/readyz', snapshot(), { status: 200, type: plain, body: 'ok\n' }],
    ['/readyz?verbose', snapshot(), { status: 200, type: plain, body: 'ok\n' }],
    [
      '/healthz',
      bad,
      { status: 503, type: plain, body: 'the last pass was made 12 s ago, one a second is expected\n' },
    ],
    [
      '/readyz',
      bad,
      {
        status: 503,
        type: plain,
        body: 'no pass succeeded yet, 2 failed\nvirtual server 10.99.0.1:6443 is not in the kernel\n',
      },
    ],
    ['/', snapshot(), { status: 404, type: plain, body: 'there are /metrics /healthz /readyz /status\n' }],
    [
      '/metrics/../status',
      snapshot(),
      { status: 404, type: plain, body: 'there are /metrics /healthz /readyz /status\n' },
    ],
  ])('%s', async (path, daemon, answer) => {
    const { port } = await serve({ daemon });
    expect(await ask(port, path)).toEqual(answer);
  });

  test('/status is the snapshot as one JSON object, with versions', async () => {
    const { port } = await serve();
    const { type, body } = await ask(port, '/status');
    expect(type).toBe('application/json; charset=utf-8');
    expect(JSON.parse(body)).toEqual(
      JSON.parse(JSON.stringify({ schemaVersion: 1, version: '1.2.3', ...snapshot() })),
    );
  });

  test('HEAD answers without a body', async () => {
    const { port } = await serve();
    expect(await ask(port, '/healthz', { method: 'HEAD' })).toEqual({ status: 200, type: plain, body: '' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused', async method => {
    const { port } = await serve();
    expect(await ask(port, '/status', { method })).toMatchObject({ status: 405, body: 'GET is expected\n' });
  });

  test('a body is refused, and not waited for', async () => {
    const { port } = await serve();
    const outgoing = request({
      port,
      host: '127.0.0.1',
      path: '/status',
      headers: { 'content-length': 1e9 },
    });
    outgoing.flushHeaders();
    const [response] = await once(outgoing, 'response');
    expect([response.statusCode, response.headers.connection, await text(response)]).toEqual([
      413,
      'close',
      'no body is expected\n',
    ]);
    outgoing.on('error', () => {}).destroy();
  });

  test('headers without end are refused', async () => {
    const { port } = await serve();
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /status HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(9000)}`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 431 /);
  });

  test('what fails in a page is logged, and the next one works', async () => {
    const failing = { contentType: 'x', render: () => Promise.reject(new Error('no metrics')) };
    const { port } = await serve({ metrics: failing });
    expect(await ask(port, '/metrics')).toMatchObject({ status: 500, body: 'failed; the log says why\n' });
    expect(logged).toEqual(['error: answering /metrics: no metrics']);
    expect(await ask(port, '/healthz')).toMatchObject({ status: 200 });
  });
});

describe('an address that cannot be listened on', () => {
  test('is a warning, and is tried again half a minute later, until it works', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const server = makeServer({ listen: { address: '127.0.0.1', port } });
    const warning = `warn: the HTTP server on 127.0.0.1:${port} does not work: the port is taken; trying again every 30 s`;
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    expect(logged).toEqual([warning]);

    vi.advanceTimersByTime(23_999);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(12_001);
    expect(vi.getTimerCount()).toBe(0);
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    expect(logged).toEqual([warning]);

    other.close();
    await once(other, 'close');
    vi.advanceTimersByTime(36_000);
    await vi.waitUntil(() => server.address);
    expect(logged).toEqual([warning, `info: the HTTP server on 127.0.0.1:${port} works now`]);
  });

  test('because no interface has it', async () => {
    makeServer({ listen: { address: '192.0.2.1', port: 8004 } });
    await vi.waitUntil(() => logged.length > 0);
    expect(logged).toEqual([
      'warn: the HTTP server on 192.0.2.1:8004 does not work: it is not an address of this host; trying again every 30 s',
    ]);
  });
});

describe('closing', () => {
  test('ends idle connections at once', async () => {
    const { server, port } = await serve();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    const ended = once(socket, 'close');
    const startedAt = performance.now();
    await server.close();
    await ended;
    expect(performance.now() - startedAt).toBeLessThan(400);
  });

  test('takes less than a second even while a page is not answered', async () => {
    const called = Promise.withResolvers<void>();
    const render = () => {
      called.resolve();
      return new Promise<string>(() => {});
    };
    const { server, port } = await serve({ metrics: { contentType: 'x', render } });
    const asked = ask(port, '/metrics').catch(error => error.code);
    await called.promise;
    const startedAt = performance.now();
    await server.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(await asked).toBe('ECONNRESET');
  });

  test('works before it ever listened', async () => {
    const server = makeServer({});
    await server.close();
    expect(server.address).toBeUndefined();
  });
});

describe('somebody who means no good', () => {
  const metricsRequest = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';

  async function open(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  test('opens a thousand connections and asks nothing: whoever asks is answered', async () => {
    const { port } = await serve({});
    const idle = await Promise.all(Array.from({ length: 1000 }, () => open(port)));
    for (let look = 0; look < 20; look += 1) expect((await ask(port, '/healthz')).body).toBe('ok\n');
    await vi.waitFor(() =>
      expect(idle.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(256),
    );
    for (const socket of idle) socket.destroy();
  });

  test('sends requests behind requests and reads nothing: one of each connection is answered', async () => {
    let rendered = 0;
    const metrics = {
      contentType: 'text/plain',
      render: async () => {
        rendered += 1;
        return 'x'.repeat(1_000_000);
      },
    };
    const { port } = await serve({ metrics });
    const greedy = await open(port);
    const closed = new Promise(resolve => greedy.once('close', resolve));
    let bytes = 0;
    greedy.on('data', chunk => {
      bytes += chunk.length;
    });
    greedy.pause();
    greedy.write(metricsRequest.repeat(2000));
    expect((await ask(port, '/healthz')).body).toBe('ok\n');
    greedy.resume();
    await closed;
    expect([rendered, bytes < 1_100_000]).toEqual([1, true]);
  });

  test('asks a hundred times in a second: the page is made once', async () => {
    let rendered = 0;
    const { port } = await serve({
      metrics: { contentType: 'text/plain', render: async () => `${++rendered}\n` },
    });
    const pages = await Promise.all(Array.from({ length: 100 }, () => ask(port, '/metrics')));
    expect(new Set(pages.map(({ body }) => body)).size).toBeLessThanOrEqual(3);
  });

  test.each([
    ['evil.example', 421],
    ['evil.example:8004', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost', 200],
    ['localhost:8004', 200],
    ['127.0.0.1:8004', 200],
    ['[::1]:8004', 200],
    ['10.0.0.21:8004', 200],
  ])('calls this host %s: %i', async (host, status) => {
    const { port } = await serve({});
    const socket = await open(port);
    socket.write(`GET /status HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    socket.destroy();
  });
});
