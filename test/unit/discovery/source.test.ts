// The parts of discovery that need no API: the static source, looking once, and how waits grow.
import { expect, test } from 'vitest';
import { Backoff } from '../../../src/lib/discovery/backoff.ts';
import { openEndpointSource } from '../../../src/lib/discovery/open.ts';
import { type EndpointSource, firstSnapshot, StaticSource } from '../../../src/lib/discovery/source.ts';
import { parseHostPort } from '../../../src/lib/model/address.ts';

const MASTERS = ['10.0.0.1:6443', '10.0.0.2:6443'].map(parseHostPort);

test('static: the list that was given, once, and then nothing until the end', async () => {
  const source = await openEndpointSource({
    discovery: 'static',
    family: 'ipv4',
    realServers: MASTERS,
    port: 6443,
    cluster: { kubeconfig: '/nowhere' },
    fallbackServers: () => [],
    notice: () => {},
  });
  const snapshots: unknown[] = [];
  const controller = new AbortController();
  const done = source.run(candidates => snapshots.push(candidates), controller.signal);
  source.reconnect();
  expect(source.freshness.connected).toBe(true);
  controller.abort();
  await done;
  expect(snapshots).toEqual([MASTERS]);
});

test('looking once ends with the first snapshot', async () => {
  expect(await firstSnapshot(new StaticSource(MASTERS), 5000)).toEqual(MASTERS);
});

test('looking once in vain says why', async () => {
  const vain: EndpointSource = new StaticSource([]);
  await expect(firstSnapshot(vain, 20)).rejects.toMatchObject({
    code: 'discovery-failed',
    message: 'discovery found no real servers in 0.02 s: the API names no real server that can be used',
  });
});

test('waits double up to the ceiling, each shortened by at most a half, and start over after a success', () => {
  const backoff = new Backoff(1000, 30_000);
  for (const full of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const wait = backoff.next();
    expect(wait).toBeGreaterThanOrEqual(full / 2);
    expect(wait).toBeLessThanOrEqual(full);
  }
  backoff.reset();
  expect(backoff.next()).toBeLessThanOrEqual(1000);
});
