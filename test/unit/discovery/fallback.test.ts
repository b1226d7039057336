// Whom discovery asks: the configured server first, and the real servers themselves while it fails.
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { HostPort } from '../../../src/lib/model/address.ts';
import { type FakeApiserver, fail, SLICES } from './apiserver.ts';
import { Harness, slice, until, untilSnapshot, untilWatching } from './harness.ts';

const harness = new Harness();
afterEach(() => harness.stopAll());
afterAll(() => harness.pki.remove());

const at = ({ port }: FakeApiserver): HostPort => ({ address: '127.0.0.1', port });

test('a real server is asked while the configured one fails, and left for it when the watch ends', async () => {
  const configured = await harness.apiserver();
  const real = await harness.apiserver();
  configured.set(SLICES, slice('10.0.0.9'));
  real.set(SLICES, slice('10.0.0.1'));
  configured.intercept = (_, response) => fail(response, 500, 'broken');
  const running = await harness.start(configured, { fallbackServers: () => [at(real)] });
  await untilSnapshot(running, '10.0.0.1:6443');
  await untilWatching(real);
  await until(() => expect(running.source.freshness.server).toBe(`127.0.0.1:${real.port}`));
  await until(() => expect(running.source.freshness.connected).toBe(true));
  expect(running.source.freshness.lastProblem).toContain('HTTP 500: broken');
  expect(running.notices.at(-1)).toBe(
    `discovery watches 127.0.0.1:${real.port}, because the configured server fails`,
  );
  configured.intercept = () => false;
  real.endWatches();
  await untilWatching(configured);
  await until(() => expect(running.source.freshness.lastProblem).toBeUndefined());
});

/** Each request is answered so, with the words "come back later". */
function busy(status: number, seconds = '30'): FakeApiserver['intercept'] {
  return (_, response) => {
    response.setHeader('retry-after', seconds);
    return fail(response, status, 'come back later');
  };
}

describe.each([429, 503])('a configured server that answers %i and names a time', status => {
  test('is left alone for it, and a real server is asked meanwhile, again and again', async () => {
    const configured = await harness.apiserver();
    const real = await harness.apiserver();
    real.set(SLICES, slice('10.0.0.1'));
    configured.intercept = busy(status);
    const running = await harness.start(configured, { fallbackServers: () => [at(real)] });
    await untilSnapshot(running, '10.0.0.1:6443');
    for (const watches of [2, 3]) {
      await untilWatching(real);
      real.endWatches();
      await until(() => expect(real.count('watch')).toBe(watches));
    }
    expect([configured.requests.length, real.count('list')]).toEqual([1, 1]);
    expect(running.source.freshness.lastProblem).toContain('come back later');
  });

  test('does not delay a real server that is known a moment later', async () => {
    const configured = await harness.apiserver();
    const real = await harness.apiserver();
    real.set(SLICES, slice('10.0.0.1'));
    configured.intercept = busy(status);
    let known: HostPort[] = [];
    const running = await harness.start(configured, { fallbackServers: () => known });
    await until(() => expect(running.source.freshness.lastProblem).toContain('come back later'));
    known = [at(real)];
    await untilSnapshot(running, '10.0.0.1:6443');
    expect(configured.requests).toHaveLength(1);
  });

  test('is not asked sooner because somebody has reason to ask anew', async () => {
    const configured = await harness.apiserver();
    configured.intercept = busy(status);
    let looks = 0;
    const fallbackServers = (): HostPort[] => {
      looks += 1;
      return [];
    };
    const running = await harness.start(configured, { fallbackServers });
    // Its answer is heard, and not only asked for: a question that is under way is asked anew.
    await until(() => expect(running.source.freshness.lastProblem).toContain('come back later'));
    running.source.reconnect();
    await until(() => expect(looks).toBeGreaterThan(3));
    expect(configured.requests).toHaveLength(1);
  });
});

test('a time that is next to nothing does not make the waits shorter', async () => {
  const [patient, hasty] = [await harness.apiserver(), await harness.apiserver()];
  for (const server of [patient, hasty]) server.intercept = busy(429, '0.001');
  await harness.start(patient, { timing: { backoffMs: 60_000, backoffCeilingMs: 60_000 } });
  await until(() => expect(patient.requests).toHaveLength(1));
  await harness.start(hasty);
  await until(() => expect(hasty.requests.length).toBeGreaterThan(9));
  expect(patient.requests).toHaveLength(1);
});

test('an unreachable configured server is no obstacle, and neither is a dead real server', async () => {
  const real = await harness.apiserver();
  real.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(real, {
    cluster: { kubeconfig: harness.kubeconfig(1) },
    fallbackServers: () => [{ address: '127.0.0.1', port: 2 }, at(real), { address: '127.0.0.1', port: 3 }],
  });
  await untilSnapshot(running, '10.0.0.1:6443');
});

test('a real server must have the name that all apiservers have, or its own address', async () => {
  const another = harness.pki.server(harness.ca, 'DNS:elsewhere', 'IP:10.0.0.7');
  const real = await harness.apiserver(another);
  const running = await harness.start(real, {
    cluster: { kubeconfig: harness.kubeconfig(1) },
    fallbackServers: () => [at(real)],
  });
  await until(() => expect(real.attempts).toBeGreaterThan(2));
  expect(running.source.freshness.lastProblem).toContain('ECONNREFUSED');
  for (const name of ['DNS:kubernetes.default.svc', 'DNS:kubernetes', 'IP:127.0.0.1']) {
    const good = await harness.apiserver(harness.pki.server(harness.ca, name));
    good.set(SLICES, slice('10.0.0.1'));
    const other = await harness.start(good, {
      cluster: { kubeconfig: harness.kubeconfig(1) },
      fallbackServers: () => [at(real), at(good)],
    });
    await untilSnapshot(other, '10.0.0.1:6443');
    await untilWatching(good);
    expect(good.connections, 'list and watch over one connection').toBe(1);
  }
  expect(real.requests).toHaveLength(0);
});

test('a name that the kubeconfig gives is the only one', async () => {
  const real = await harness.apiserver(
    harness.pki.server(harness.ca, 'DNS:kubernetes.default.svc', 'IP:127.0.0.1'),
  );
  const kubeconfig = harness.kubeconfig(1, undefined, { 'tls-server-name': 'api.example' });
  const running = await harness.start(real, { cluster: { kubeconfig }, fallbackServers: () => [at(real)] });
  await until(() => expect(real.attempts).toBeGreaterThan(2));
  expect(real.requests).toHaveLength(0);
  expect(running.source.freshness.connected).toBe(false);
});

test('a real server of another CA never sees the credentials', async () => {
  const stranger = harness.pki.authority();
  const real = await harness.apiserver(harness.pki.server(stranger, 'DNS:kubernetes.default.svc'));
  const running = await harness.start(real, {
    cluster: { kubeconfig: harness.kubeconfig(1) },
    fallbackServers: () => [at(real)],
  });
  await until(() => expect(real.attempts).toBeGreaterThan(2));
  expect(running.source.freshness.connected).toBe(false);
  expect(real.requests).toHaveLength(0);
});

test('a configured server of another CA is refused, and the reason is said', async () => {
  const stranger = harness.pki.authority();
  const server = await harness.apiserver(harness.pki.server(stranger, 'IP:127.0.0.1'));
  const running = await harness.start(server);
  await until(() => expect(running.source.freshness.lastProblem).toMatch(/unable to verify|self-signed/));
  expect(server.requests).toHaveLength(0);
});

test('a configured server that breaks off every watch counts as failing', async () => {
  const balancer = await harness.apiserver();
  balancer.set(SLICES, slice('10.0.0.1'));
  balancer.intercept = ({ kind }, response) => {
    if (kind === 'watch') response.end();
    return kind === 'watch';
  };
  const real = await harness.apiserver();
  const timing = { settledMs: 60_000 };
  const running = await harness.start(balancer, { fallbackServers: () => [at(real)], timing });
  await untilWatching(real);
  expect(balancer.count('watch')).toBe(1);
  expect(running.source.freshness.lastProblem).toContain('the server ended the watch too soon');
});

test('being forbidden is the answer of all apiservers, so the others are not asked', async () => {
  const configured = await harness.apiserver();
  const real = await harness.apiserver();
  configured.intercept = (_, response) => fail(response, 403, 'no');
  await harness.start(configured, { fallbackServers: () => [at(real)] });
  await until(() => expect(configured.requests.length).toBeGreaterThan(3));
  expect(real.requests).toHaveLength(0);
});

test('the configured server is not asked again as a real server', async () => {
  const server = await harness.apiserver();
  server.intercept = (_, response) => fail(response, 500, 'broken');
  const real = await harness.apiserver();
  real.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(server, { fallbackServers: () => [at(server), at(server), at(real)] });
  await untilSnapshot(running, '10.0.0.1:6443');
  expect(server.requests).toHaveLength(1);
});

test('reconnect leaves a watch that hangs, at once and without a list', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const running = await harness.start(server, { timing: { backoffMs: 60_000 } });
  await untilWatching(server);
  running.source.reconnect();
  await until(() => expect(server.count('watch')).toBe(2));
  await untilWatching(server);
  expect(server.count('list')).toBe(1);
});

test('reconnect cuts a wait short', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  server.intercept = (_, response) => fail(response, 500, 'broken');
  const running = await harness.start(server, { timing: { backoffMs: 60_000, backoffCeilingMs: 60_000 } });
  await until(() => expect(running.source.freshness.lastProblem).toContain('broken'));
  server.intercept = () => false;
  running.source.reconnect();
  await untilSnapshot(running, '10.0.0.1:6443');
});
