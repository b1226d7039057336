// Discovery against an API that fails: nothing that was known is lost, nothing is asked in a tight loop, and it
// recovers by itself.
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type FakeApiserver, fail, SLICES } from './apiserver.ts';
import { Harness, type Running, slice, until, untilSnapshot, untilWatching } from './harness.ts';

const harness = new Harness();
afterEach(() => harness.stopAll());
afterAll(() => harness.pki.remove());

async function following(timing = {}): Promise<{ server: FakeApiserver; running: Running }> {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(server, { timing });
  await untilSnapshot(running, '10.0.0.1:6443');
  await untilWatching(server);
  return { server, running };
}

function instead(act: () => unknown): true {
  act();
  return true;
}

const listOf = (...items: unknown[]): string => JSON.stringify({ metadata: { resourceVersion: '1' }, items });

/** Name, what the server does with a request, and the words that the operator sees. */
const FAILURES: [string, (response: ServerResponse) => unknown, RegExp][] = [
  ['500', response => fail(response, 500, 'etcd is gone'), /: HTTP 500: etcd is gone$/],
  ['503 without words', response => response.writeHead(503).end(), /: HTTP 503: Service Unavailable$/],
  ['401', response => fail(response, 401, 'Unauthorized'), /: HTTP 401: Unauthorized$/],
  [
    '403',
    response => fail(response, 403, 'endpointslices is forbidden'),
    /HTTP 403: endpointslices is forbidden/,
  ],
  ['429', response => fail(response, 429, 'too many requests'), /: HTTP 429: too many requests$/],
  ['a page of a portal', response => response.end('<html>log in</html>'), /not what a Kubernetes API gives/],
  ['half of JSON', response => response.end('{"kind":"Endpoint'), /starts with "\{\\"kind\\":/],
  ['JSON of something else', response => response.end('{"items":7}'), /not what a Kubernetes API gives/],
  [
    'objects without names',
    response => response.end(listOf({ metadata: {} })),
    /not what a Kubernetes API gives/,
  ],
  ['a list without version', response => response.end('{"items":[]}'), /not what a Kubernetes API gives/],
  ['no answer', () => undefined, /: no answer within 300 ms$/],
  [
    'half an answer',
    response => response.write('{"metadata'),
    /: the answer was not complete within 300 ms$/,
  ],
  ['a reset', response => response.socket?.destroy(), /: (socket hang up|read ECONNRESET)$/],
];

describe.each(FAILURES)('%s', (_, misbehave, words) => {
  test('at the start: it is said, and discovery begins when it is over', async () => {
    const server = await harness.apiserver();
    server.set(SLICES, slice('10.0.0.1'));
    server.intercept = (_request, response) => instead(() => misbehave(response));
    const running = await harness.start(server, { timing: { answerMs: 300, bodyMs: 300 } });
    await until(() => expect(server.requests.length).toBeGreaterThan(2));
    // One attempt may be several requests.
    await until(() => expect(running.source.freshness.lastProblem).toMatch(words));
    expect(running.source.freshness).toMatchObject({ connected: false, lastEventAt: undefined });
    expect(running.notices).toHaveLength(1);
    server.intercept = () => false;
    await untilSnapshot(running, '10.0.0.1:6443');
    await until(() => expect(running.source.freshness.lastProblem).toBeUndefined());
  });

  test('later: what was known stays, and the next change arrives', async () => {
    const { server, running } = await following({ answerMs: 300, bodyMs: 300, silenceMs: 300 });
    server.intercept = (_request, response) => instead(() => misbehave(response));
    const before = server.requests.length;
    server.breakConnections();
    await until(() => expect(server.requests.length).toBeGreaterThan(before + 2));
    expect(running.snapshots).toEqual(['10.0.0.1:6443']);
    server.intercept = () => false;
    server.set(SLICES, slice('10.0.0.2'));
    await untilSnapshot(running, '10.0.0.2:6443');
    expect(running.snapshots).toEqual(['10.0.0.1:6443', '10.0.0.2:6443']);
  });
});

test('410 at the start of a watch leads to a new list', async () => {
  const { server, running } = await following();
  let gone = 0;
  server.intercept = ({ kind }, response) =>
    kind === 'watch' && gone++ === 0 && fail(response, 410, 'too old');
  server.breakConnections();
  server.set(SLICES, slice('10.0.0.2'));
  await untilSnapshot(running, '10.0.0.2:6443');
  expect(server.count('list')).toBe(2);
});

test('410 as an event of a watch leads to a new list', async () => {
  const { server, running } = await following();
  const status = { kind: 'Status', code: 410, message: 'too old resource version' };
  server.send(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  await until(() => expect(server.count('list')).toBe(2));
  await untilWatching(server);
  expect(running.notices).toEqual([expect.stringMatching(/^discovery watches/)]);
});

test('any other error event is a failure, after which the watch is resumed without a list', async () => {
  const { server, running } = await following();
  const status = { kind: 'Status', code: 500, message: 'storage is unwell' };
  server.send(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  await until(() => expect(server.count('watch')).toBe(2));
  expect(running.notices).toContainEqual(expect.stringContaining('(500): storage is unwell'));
  expect(server.count('list')).toBe(1);
});

test.each([
  '{"type":"ADDED"',
  'rubbish',
  '{"type":"NEWS","object":{}}',
  '{"type":"ADDED","object":null}',
  '[]',
  '7',
])('the event %s is no reason to believe anything, and is asked for again', async event => {
  const { server, running } = await following();
  server.send(`${event}\n`);
  await until(() => expect(server.count('watch')).toBe(2));
  await untilWatching(server);
  server.set(SLICES, slice('10.0.0.2'));
  await untilSnapshot(running, '10.0.0.2:6443');
  expect(running.snapshots).toHaveLength(2);
  expect(server.count('list')).toBe(1);
});

test('a watch that ends within an event is resumed from before that event', async () => {
  const { server, running } = await following();
  const version = server.bookmark();
  server.send('{"type":"MODIFIED","object":{"metadata"');
  server.endWatches();
  await until(() => expect(server.count('watch')).toBe(2));
  expect(server.requests.at(-1)?.url.searchParams.get('resourceVersion')).toBe(String(version));
  expect(running.notices).toContainEqual(expect.stringContaining('in the middle of an event'));
});

test('an event that arrives in pieces, cut within a character, is one event', async () => {
  const { server, running } = await following();
  const object = { ...slice('10.0.0.2'), note: 'é' };
  const event = {
    type: 'MODIFIED',
    object: { ...object, metadata: { ...object.metadata, resourceVersion: '9999' } },
  };
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
  const middle = bytes.indexOf(0xc3) + 1;
  server.send(bytes.subarray(0, middle));
  server.send(bytes.subarray(middle));
  await untilSnapshot(running, '10.0.0.2:6443');
});

test('a silent watch is given up for a new list: its version may be one that never comes', async () => {
  const { server, running } = await following({ silenceMs: 200 });
  await until(() => expect(server.count('list')).toBe(2));
  expect(running.notices).toContainEqual(expect.stringContaining('the watch was silent for'));
  await untilSnapshot(running, '10.0.0.1:6443');
});

test('a version that no server can serve is dropped after some attempts', async () => {
  const { server, running } = await following();
  server.intercept = ({ kind, url }, response) =>
    kind === 'watch' &&
    url.searchParams.get('resourceVersion') === '1001' &&
    fail(response, 504, 'too large');
  server.breakConnections();
  server.set(SLICES, slice('10.0.0.2'));
  await untilSnapshot(running, '10.0.0.2:6443');
  expect(server.count('list')).toBe(2);
});

test('a server that ends each watch at once is asked ever more slowly, and that is said', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const watchedAt: number[] = [];
  server.intercept = ({ kind }, response) => {
    if (kind !== 'watch') return false;
    watchedAt.push(performance.now());
    return instead(() => response.end());
  };
  const timing = { settledMs: 60_000, backoffMs: 20, backoffCeilingMs: 60_000 };
  const running = await harness.start(server, { timing });
  await until(() => expect(watchedAt.length).toBeGreaterThan(5));
  // The fifth failure waits 160 to 320 ms; a busy machine only adds to that.
  expect((watchedAt[5] ?? 0) - (watchedAt[4] ?? 0)).toBeGreaterThan(150);
  expect(running.source.freshness.lastProblem).toContain('the server ended the watch too soon');
});

test('a server that is not there, and one that accepts and says nothing, are left within the time to connect', async () => {
  const { createServer } = await import('node:net');
  const mute = createServer().listen(0, '127.0.0.1');
  await until(() => expect(mute.listening).toBe(true));
  const { port } = mute.address() as { port: number };
  const server = await harness.apiserver();
  const cluster = { kubeconfig: harness.kubeconfig(port) };
  const running = await harness.start(server, { cluster, timing: { connectMs: 200 } });
  await until(() => expect(running.source.freshness.lastProblem).toMatch(/no TLS connection within 200 ms$/));
  mute.close();
  await until(() => expect(running.source.freshness.lastProblem).toMatch(/connect ECONNREFUSED 127.0.0.1/));
});

test('aborting ends an attempt that hangs, and a wait', async () => {
  const server = await harness.apiserver();
  server.intercept = () => true;
  const hanging = await harness.start(server, { timing: { answerMs: 60_000 } });
  await until(() => expect(server.requests).toHaveLength(1));
  const waiting = await harness.start(server, {
    cluster: { kubeconfig: harness.kubeconfig(1) },
    timing: { backoffMs: 60_000 },
  });
  await until(() => expect(waiting.source.freshness.lastProblem).toContain('ECONNREFUSED'));
  const startedAt = performance.now();
  for (const running of [hanging, waiting]) {
    running.abort();
    await running.done;
  }
  expect(performance.now() - startedAt).toBeLessThan(1000);
  await until(async () => expect(await server.openConnections()).toBe(0));
});
