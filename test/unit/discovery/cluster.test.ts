// Discovery against apiservers that do what real ones do (docs/kernel-facts.md, K80 to K84): each answers from a cache of its
// own, which may be older than that of the one before; watches end, are refused, and arrive in pieces.
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Etcd } from '../../lab/guest/apiserver/etcd.ts';
import { Leases } from '../../lab/guest/apiserver/leases.ts';
import { Harness, type Running, type RunningStandIn, until, untilSnapshot } from './harness.ts';

const harness = new Harness();
afterEach(() => harness.stopAll());
afterAll(() => harness.pki.remove());

const SLICES = 'watch /apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const LISTS = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const OLD = '10.0.0.1:6443 10.0.0.2:6443';
const NEW = '10.0.0.2:6443 10.0.0.3:6443';
const NEWEST = '10.0.0.2:6443 10.0.0.4:6443';

const at = (...numbers: number[]) => numbers.map(number => ({ address: `10.0.0.${number}` }));
const listsOf = (server: RunningStandIn): number => server.control({}).requests[LISTS] ?? 0;
const watchesOf = (server: RunningStandIn): number => server.control({}).requests[SLICES] ?? 0;
const untilWatched = (server: RunningStandIn) => until(() => expect(server.control({}).watches).toBe(1));

async function cluster(count: number): Promise<RunningStandIn[]> {
  const etcd = new Etcd();
  const servers: RunningStandIn[] = [];
  for (let index = 0; index < count; index += 1) servers.push(await harness.standIn(etcd));
  servers[0]?.control({ endpoints: at(1, 2) });
  return servers;
}

async function following(server: RunningStandIn, others: readonly RunningStandIn[] = []): Promise<Running> {
  const running = await harness.start(server, {
    fallbackServers: () => others.map(({ port }) => ({ address: '127.0.0.1', port })),
  });
  await untilSnapshot(running, OLD);
  await untilWatched(server);
  return running;
}

/** It sends the watch away for a new list, and does not live to answer that one. */
async function dieWhileListing(server: RunningStandIn): Promise<void> {
  const before = listsOf(server);
  server.control({ fail: { endpointslices: 'hang' }, gone: true });
  await until(() => expect(listsOf(server)).toBe(before + 1));
  await server.close();
}

describe('the apiserver that was watched dies, and the next one lags: its list is older than what is known', () => {
  /** Discovery knows NEW, and must list at one whose cache still has OLD. */
  async function failOver() {
    const [first, lagging] = (await cluster(2)) as [RunningStandIn, RunningStandIn];
    const running = await following(first, [lagging]);
    lagging.control({ lag: true, freshMs: 100 });
    first.control({ endpoints: at(2, 3) });
    await untilSnapshot(running, NEW);
    return { first, lagging, running };
  }

  test('what etcd has is asked for: who left does not come back, and who came stays', async () => {
    const { first, lagging, running } = await failOver();
    await dieWhileListing(first);
    await untilWatched(lagging);
    // The list of the cache is refused, that of etcd is taken.
    expect(listsOf(lagging)).toBe(2);
    lagging.control({ lag: false, endpoints: at(2, 4) });
    await untilSnapshot(running, NEWEST);
    expect(running.snapshots).toEqual([OLD, NEW, NEWEST]);
  });

  test('without a list, a watch there is silent until it has caught up', async () => {
    const { first, lagging, running } = await failOver();
    await first.close();
    await untilWatched(lagging);
    lagging.control({ bookmark: true });
    lagging.control({ lag: false });
    lagging.control({ bookmark: true, endpoints: at(2, 4) });
    await untilSnapshot(running, NEWEST);
    expect([running.snapshots, listsOf(lagging)]).toEqual([[OLD, NEW, NEWEST], 0]);
  });

  test('it catches up while the list waits: one list is enough', async () => {
    const { first, lagging, running } = await failOver();
    lagging.control({ freshMs: 3000 });
    await dieWhileListing(first);
    await until(() => expect(listsOf(lagging)).toBe(1));
    lagging.control({ lag: false });
    await untilWatched(lagging);
    expect([running.snapshots, listsOf(lagging)]).toEqual([[OLD, NEW], 1]);
  });

  test('with a role that may not watch, each list is as new as the one before', async () => {
    const [first, lagging] = (await cluster(2)) as [RunningStandIn, RunningStandIn];
    for (const server of [first, lagging]) server.control({ fail: { endpointslices: 'unwatchable' } });
    const running = await harness.start(first, {
      fallbackServers: () => [{ address: '127.0.0.1', port: lagging.port }],
    });
    await untilSnapshot(running, OLD);
    lagging.control({ lag: true, freshMs: 100 });
    first.control({ endpoints: at(2, 3) });
    await untilSnapshot(running, NEW);
    await first.close();
    await until(() => expect(listsOf(lagging)).toBeGreaterThan(4));
    expect(running.snapshots).toEqual([OLD, NEW]);
  });
});

test('etcd was restored from a backup, and its versions are older: what it has is believed', async () => {
  const [first] = (await cluster(1)) as [RunningStandIn];
  const restored = await harness.standIn(new Etcd());
  restored.control({ endpoints: at(2, 4), freshMs: 100 });
  for (let index = 0; index < 20; index += 1) first.control({ endpoints: at(1, 2) });
  const running = await following(first, [restored]);
  await dieWhileListing(first);
  await untilSnapshot(running, NEWEST);
  restored.control({ endpoints: at(2, 3) });
  await untilSnapshot(running, NEW);
  expect(listsOf(restored)).toBe(2);
});

describe('watches', () => {
  test('that end at random, also in the middle of changes: nothing is missed, and nothing is listed again', async () => {
    const [server] = (await cluster(1)) as [RunningStandIn];
    server.control({ minRequestTimeoutMs: 30, always: true });
    const running = await following(server);
    for (let last = 10; last < 50; last += 1) {
      server.control({ endpoints: at(9, last) });
      await untilSnapshot(running, `10.0.0.${last}:6443 10.0.0.9:6443`);
    }
    expect(watchesOf(server)).toBeGreaterThan(5);
    expect(listsOf(server)).toBe(1);
  });

  test.each(['cut', 'joined'] as const)('whose events arrive %s', async frames => {
    const [server] = (await cluster(1)) as [RunningStandIn];
    server.control({ frames });
    const running = await following(server);
    for (const last of [3, 4, 5]) server.control({ endpoints: at(2, last), bookmark: true });
    await untilSnapshot(running, '10.0.0.2:6443 10.0.0.5:6443');
    expect([listsOf(server), watchesOf(server)]).toEqual([1, 1]);
  });

  test('whose version is compacted, told in an event: a list follows, and the next watch', async () => {
    const [server] = (await cluster(1)) as [RunningStandIn];
    const running = await following(server);
    server.control({ endpoints: at(2, 3), gone: true });
    await until(() => expect(listsOf(server)).toBe(2));
    await untilWatched(server);
    server.control({ endpoints: at(2, 4) });
    await untilSnapshot(running, NEWEST);
  });

  test('that are refused with 410 for a while: a list each time, at the pace of failures', async () => {
    const [server] = (await cluster(1)) as [RunningStandIn];
    const running = await following(server);
    server.control({ fail: { endpointslices: 'expired' }, dropWatches: true });
    await until(() => expect(listsOf(server)).toBeGreaterThan(3));
    server.control({ endpoints: at(2, 3) });
    await untilSnapshot(running, NEW);
    server.control({ fail: { endpointslices: null } });
    await untilWatched(server);
  });

  test('that are refused with 429: not asked again before the time that was named, and no list', async () => {
    const [server] = (await cluster(1)) as [RunningStandIn];
    const running = await following(server);
    server.control({ fail: { endpointslices: 'throttled' }, retryAfterS: 1, dropWatches: true });
    await until(() => expect(watchesOf(server)).toBe(2));
    const refusedAt = performance.now();
    server.control({ fail: { endpointslices: null }, endpoints: at(2, 3) });
    await untilSnapshot(running, NEW);
    // What is measured begins when the refusal was seen here, some milliseconds behind it.
    expect(performance.now() - refusedAt).toBeGreaterThan(900);
    expect([listsOf(server), watchesOf(server)]).toEqual([1, 3]);
  });
});

describe('the leases of apiservers', () => {
  const written: string[] = [];
  const leases = () => {
    written.length = 0;
    return new Leases(addresses => written.push(addresses.join(' ')));
  };

  test('end 15 s behind the last sign of life, at once behind an orderly end, and begin again', () => {
    const three = leases();
    for (const name of ['a', 'b', 'c']) three.renew(name, 0);
    for (let now = 1000; now <= 20_000; now += 1000) three.renew('a', now);
    expect(written).toEqual(['a', 'a b', 'a b c', 'a']);
    three.renew('b', 20_500);
    three.revoke('a', 21_000);
    expect(written.slice(4)).toEqual(['a b', 'b']);
  });

  test('where all have died, the last stays named until somebody lives; one that ends in order names nobody', () => {
    const two = leases();
    two.renew('a', 0);
    two.renew('b', 1000);
    two.expire(15_500);
    two.expire(60_000);
    expect(written).toEqual(['a', 'a b', 'b']);
    two.renew('a', 70_000);
    two.revoke('a', 71_000);
    expect(written.slice(3)).toEqual(['a', '']);
  });
});
