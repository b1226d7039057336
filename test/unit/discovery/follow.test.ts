// Discovery against an API that works: what is followed, how often it is asked, and what reaches the daemon.
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { ENDPOINTS, fail, NODES, SLICES } from './apiserver.ts';
import { endpoints, Harness, node, slice, until, untilSnapshot, untilWatching } from './harness.ts';

const harness = new Harness();
afterEach(() => harness.stopAll());
afterAll(() => harness.pki.remove());

test('a master that is added or removed is a new snapshot, from one list and one watch', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.2', '10.0.0.1'));
  const running = await harness.start(server);
  await untilSnapshot(running, '10.0.0.1:6443 10.0.0.2:6443');
  await untilWatching(server);
  server.set(SLICES, slice('10.0.0.1', '10.0.0.2', '10.0.0.3'));
  await untilSnapshot(running, '10.0.0.1:6443 10.0.0.2:6443 10.0.0.3:6443');
  server.set(SLICES, slice('10.0.0.3'));
  await untilSnapshot(running, '10.0.0.3:6443');
  expect(server.requests.map(({ kind }) => kind)).toEqual(['list', 'watch']);
  expect(server.connections).toBe(1);
});

test('all slices of the Service are asked for, of whatever name', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  await harness.start(server);
  await untilWatching(server);
  for (const { url } of server.requests) {
    expect(url.searchParams.get('fieldSelector')).toBeNull();
    expect(url.searchParams.get('labelSelector')).toBe('kubernetes.io/service-name=kubernetes');
  }
  const watch = server.requests[1]?.url.searchParams;
  expect(watch?.get('allowWatchBookmarks')).toBe('true');
  expect(Number(watch?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
  expect(Number(watch?.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
});

test('a watch that the server ends is resumed from the last bookmark, without a list and on the same connection', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(server);
  await untilWatching(server);
  const version = server.bookmark();
  server.endWatches();
  await until(() => expect(server.count('watch')).toBe(2));
  expect(server.requests.at(-1)?.url.searchParams.get('resourceVersion')).toBe(String(version));
  await untilWatching(server);
  server.set(SLICES, slice('10.0.0.2'));
  await untilSnapshot(running, '10.0.0.2:6443');
  expect(server.count('list')).toBe(1);
  expect(server.connections).toBe(1);
});

test('what happened while the connection was down arrives without a list', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(server);
  await untilWatching(server);
  server.breakConnections();
  server.set(SLICES, slice('10.0.0.2'));
  await untilSnapshot(running, '10.0.0.2:6443');
  expect(server.count('list')).toBe(1);
});

test("a role that may list Endpoints and nothing else, as the original program's: they are listed again and again", async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  server.set(ENDPOINTS, endpoints('10.0.0.1'));
  server.intercept = ({ kind, url }, response) =>
    (url.pathname !== ENDPOINTS || kind === 'watch') &&
    fail(response, 403, `may not ${kind} ${url.pathname}`);
  const running = await harness.start(server);
  await untilSnapshot(running, '10.0.0.1:6443');
  await until(() => expect(running.source.freshness.lastProblem).toContain(`may not watch ${ENDPOINTS}`));
  server.set(ENDPOINTS, endpoints('10.0.0.1', '10.0.0.2'));
  await untilSnapshot(running, '10.0.0.1:6443 10.0.0.2:6443');
});

test("a role that may get Endpoints by name and nothing else, as kubelet's: they are got again and again", async () => {
  const server = await harness.apiserver();
  let object = endpoints('10.0.0.1');
  server.intercept = ({ kind, url }, response) => {
    if (url.pathname !== `${ENDPOINTS}/kubernetes`)
      return fail(response, 403, `may not ${kind} ${url.pathname}`);
    const metadata = { ...object.metadata, resourceVersion: '7' };
    response.end(JSON.stringify({ ...object, metadata }));
    return true;
  };
  const running = await harness.start(server);
  await untilSnapshot(running, '10.0.0.1:6443');
  const first = running.source.freshness.lastEventAt ?? Number.POSITIVE_INFINITY;
  object = endpoints('10.0.0.1', '10.0.0.2');
  await untilSnapshot(running, '10.0.0.1:6443 10.0.0.2:6443');
  expect(running.source.freshness.lastEventAt, 'each answer was heard').toBeGreaterThan(first);
});

test('a role that may only get Endpoints is asked for nothing else, until it is time to see what it may by now', async () => {
  const server = await harness.apiserver();
  server.set(ENDPOINTS, endpoints('10.0.0.2'));
  let mayWatch = false;
  const isGet = (url: URL): boolean => url.pathname === `${ENDPOINTS}/kubernetes`;
  server.intercept = ({ kind, url }, response) => {
    if (mayWatch && url.pathname === ENDPOINTS) return false;
    if (!isGet(url)) return fail(response, 403, `may not ${kind} ${url.pathname}`);
    response.end(
      JSON.stringify({ ...endpoints('10.0.0.1'), metadata: { name: 'kubernetes', resourceVersion: '7' } }),
    );
    return true;
  };
  const running = await harness.start(server);
  const gets = () => server.requests.filter(({ url }) => isGet(url)).length;
  await until(() => expect(gets()).toBeGreaterThan(5));
  expect(server.requests.length - gets(), 'three resources and a watch, once').toBe(4);
  mayWatch = true;
  await untilSnapshot(running, '10.0.0.2:6443');
  await untilWatching(server);
});

test('an API without EndpointSlices v1 is asked for Endpoints', async () => {
  const server = await harness.apiserver();
  server.known = [ENDPOINTS];
  server.set(ENDPOINTS, endpoints('10.0.0.1'));
  const running = await harness.start(server);
  await untilSnapshot(running, '10.0.0.1:6443');
  await untilWatching(server);
  server.set(ENDPOINTS, endpoints('10.0.0.1', '10.0.0.2'));
  await untilSnapshot(running, '10.0.0.1:6443 10.0.0.2:6443');
});

test('an API that gets EndpointSlices by an upgrade is asked for them at the next list', async () => {
  const server = await harness.apiserver();
  server.known = [ENDPOINTS];
  server.set(ENDPOINTS, endpoints('10.0.0.1'));
  const running = await harness.start(server);
  await untilWatching(server);
  server.known = [SLICES];
  server.set(SLICES, slice('10.0.0.2'));
  server.endWatches();
  await untilSnapshot(running, '10.0.0.2:6443');
});

test('nodes with either label are found, each once, while their labels change', async () => {
  const server = await harness.apiserver();
  server.set(NODES, node('a', '10.0.0.1', 'master'));
  server.set(NODES, node('b', '10.0.0.2', 'control-plane', 'master'));
  server.set(NODES, node('w', '10.0.0.9', 'worker'));
  const running = await harness.start(server, { discovery: 'nodes', port: 5443 });
  await untilSnapshot(running, '10.0.0.1:5443 10.0.0.2:5443');
  await untilWatching(server, 2);
  server.set(NODES, node('c', '10.0.0.3', 'control-plane'));
  await untilSnapshot(running, '10.0.0.1:5443 10.0.0.2:5443 10.0.0.3:5443');
  server.delete(NODES, 'b');
  await untilSnapshot(running, '10.0.0.1:5443 10.0.0.3:5443');
  expect(running.snapshots).toHaveLength(3);
});

test('only addresses of the virtual server’s family count', async () => {
  const server = await harness.apiserver();
  server.set(NODES, node('a', '10.0.0.1', 'master'));
  server.set(NODES, node('b', 'fd00::2', 'master'));
  const six = await harness.start(server, { discovery: 'nodes', family: 'ipv6' });
  const four = await harness.start(server, { discovery: 'nodes', family: 'ipv4' });
  await untilSnapshot(six, '[fd00::2]:6443');
  await untilSnapshot(four, '10.0.0.1:6443');
});

test('an empty list is ignored and said once; the last masters stay', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(server);
  await untilWatching(server);
  server.set(SLICES, slice());
  server.set(SLICES, slice('fd00::1'));
  server.delete(SLICES, 'kubernetes');
  const said = () => running.notices.filter(text => text.includes('the last known ones stay'));
  await until(() =>
    expect(said()).toEqual(['discovery names no master at all; ignored, the last known ones stay']),
  );
  server.set(SLICES, slice('10.0.0.2'));
  await untilSnapshot(running, '10.0.0.2:6443');
  expect(said()).toHaveLength(1);
  expect(running.snapshots).toEqual(['10.0.0.1:6443', '10.0.0.2:6443']);
});

test('changes within the debounce time are one snapshot', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(server, { timing: { debounceMs: 300 } });
  await untilSnapshot(running, '10.0.0.1:6443');
  await untilWatching(server);
  for (const last of ['2', '3', '4', '5']) server.set(SLICES, slice(`10.0.0.${last}`));
  await untilSnapshot(running, '10.0.0.5:6443');
  expect(running.snapshots).toEqual(['10.0.0.1:6443', '10.0.0.5:6443']);
});

test('an apiserver under a path and on an IPv6 address is reached', async () => {
  const server = await harness.apiserver(undefined, '::1');
  server.intercept = ({ url }, response) => {
    if (!url.pathname.startsWith('/k8s/clusters/c-1/apis/')) return false;
    response.end(JSON.stringify({ metadata: { resourceVersion: '7' }, items: [slice('10.0.0.1')] }));
    return true;
  };
  const cluster = { server: `https://[::1]:${server.port}/k8s/clusters/c-1/` };
  const running = await harness.start(server, {
    cluster: { kubeconfig: harness.kubeconfig(server.port, { token: 't' }, cluster) },
  });
  await untilSnapshot(running, '10.0.0.1:6443');
});

test('freshness tells what is watched and when it was last heard of', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(server);
  await untilWatching(server);
  const url = `https://127.0.0.1:${server.port}`;
  await until(() => expect(running.source.freshness).toMatchObject({ connected: true, server: url }));
  const before = running.source.freshness.lastEventAt ?? 0;
  server.bookmark();
  await until(() => expect(running.source.freshness.lastEventAt).toBeGreaterThan(before));
  expect(running.notices).toEqual([`discovery watches ${url}`]);
});

test('aborting ends everything within a second and leaves no connection and no timer', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;
  // Taken while something is waited for, as below: what waits has timers of its own, from the second look on.
  const looks: number[] = [];
  await until(() => expect(looks.push(timers())).toBeGreaterThan(1));
  const before = Math.max(...looks);
  const running = await harness.start(server, { timing: { debounceMs: 60_000 } });
  await untilWatching(server);
  server.set(SLICES, slice('10.0.0.2'));
  server.bookmark();
  const startedAt = performance.now();
  running.abort();
  await running.done;
  expect(performance.now() - startedAt).toBeLessThan(1000);
  await until(async () => expect(await server.openConnections()).toBe(0));
  // The server's own timers are in this process, too, and go a moment after its connections.
  await until(() => expect(timers()).toBeLessThanOrEqual(before));
  expect(running.source.freshness.connected).toBe(false);
});

describe('slices that somebody made by hand', () => {
  const named = (name: string, ...addresses: string[]) => {
    const object = slice(...addresses);
    return { ...object, metadata: { ...object.metadata, name } };
  };

  test('all of the Service count, by name, when they come and when they go', async () => {
    const server = await harness.apiserver();
    server.set(SLICES, named('masters-a', '10.0.0.1'));
    server.set(SLICES, named('masters-b', '10.0.0.2', '10.0.0.3'));
    const running = await harness.start(server);
    await untilSnapshot(running, '10.0.0.1:6443 10.0.0.2:6443 10.0.0.3:6443');
    await untilWatching(server);
    server.set(SLICES, named('masters-c', '10.0.0.4'));
    await untilSnapshot(running, '10.0.0.1:6443 10.0.0.2:6443 10.0.0.3:6443 10.0.0.4:6443');
    server.delete(SLICES, 'masters-b');
    await untilSnapshot(running, '10.0.0.1:6443 10.0.0.4:6443');
  });

  test('slices of names or of the other family name nobody', async () => {
    const server = await harness.apiserver();
    server.set(SLICES, named('masters', '10.0.0.1'));
    server.set(SLICES, { ...named('names', '10.0.0.9'), addressType: 'FQDN' });
    server.set(SLICES, { ...named('masters-v6', 'fd00::1'), addressType: 'IPv6' });
    await untilSnapshot(await harness.start(server), '10.0.0.1:6443');
  });
});
