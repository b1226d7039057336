// The local route of the VIP: source and segment are those of the direct way to the masters.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { routeFor } from '../../../src/lib/reconcile/desired.ts';
import type { RouteClient } from '../../../src/lib/route/client.ts';
import { aSpec } from '../../helpers/specs.ts';

interface Way {
  readonly source: string;
  readonly mtu: number;
}

/** The kernel's answers, by address; an address of this host is its own source over lo. */
function routes(ways: Readonly<Record<string, Way>>, own: readonly string[] = []): RouteClient {
  const wayTo = (address: string): Way | undefined =>
    own.includes(address) ? { source: address, mtu: 65_536 } : ways[address];
  const unused = (): never => {
    throw new Error('nobody asks');
  };
  return {
    sourceTowards: address => wayTo(address)?.source,
    mtuTowards: address => wayTo(address)?.mtu,
    isHostAddress: address => own.includes(address),
    ...{
      lookup: unused,
      inLocalTable: unused,
      hostAddresses: unused,
      replaceLocal: unused,
      deleteLocal: unused,
    },
  };
}

const at = (address: string) => ({ address, port: 6443 });
const M = ['10.0.0.11', '10.0.0.12', '10.0.0.13'] as const;
const masters = M.map(at);
const eth0 = { source: '10.0.0.2', mtu: 1500 };
const mgmt = { source: '192.168.99.10', mtu: 1500 };
const all = (way: Way) => Object.fromEntries(M.map(address => [address, way]));

describe('source', () => {
  test('the management network came first: chosen anew when the way to the masters is another one', () => {
    const now = { source: mgmt.source, ours: true };
    expect(routeFor(aSpec(), masters, routes(all(eth0), [mgmt.source]), now)).toMatchObject({
      source: eth0.source,
    });
  });

  test('it stays while it is that of any master', () => {
    const ways = routes({ ...all(eth0), '10.0.0.13': mgmt }, [mgmt.source]);
    expect(routeFor(aSpec(), masters, ways, { source: mgmt.source, ours: true })?.source).toBe(mgmt.source);
  });

  test('no way at all: it stays while it is of this host', () => {
    expect(
      routeFor(aSpec(), masters, routes({}, [eth0.source]), { source: eth0.source, ours: true })?.source,
    ).toBe(eth0.source);
    expect(routeFor(aSpec(), masters, routes({}), { source: eth0.source, ours: true })).toBeUndefined();
  });

  test('that was asked for is never another one', () => {
    const spec = { ...aSpec(), sourceIp: '10.0.0.7' };
    expect(routeFor(spec, masters, routes(all(eth0)), undefined)).toEqual({
      source: '10.0.0.7',
      advmss: 1460,
    });
  });

  test('a master on this host says nothing about the way to the others', () => {
    expect(routeFor(aSpec(), masters, routes(all(eth0), ['10.0.0.11']), undefined)).toEqual({
      source: eth0.source,
      advmss: 1460,
    });
    const alone = masters.slice(0, 1);
    expect(routeFor(aSpec(), alone, routes({}, ['10.0.0.11']), undefined)).toEqual({
      source: '10.0.0.11',
      advmss: undefined,
    });
  });

  test('IPv6 has one, too: a bridge with a nearer address must not be chosen by the kernel', () => {
    const spec = { ...aSpec(), virtualServer: at('fd00:99::1') };
    const way = { 'fd00:7::11': { source: 'fd00:7::2', mtu: 1500 } };
    expect(routeFor(spec, [at('fd00:7::11')], routes(way), undefined)).toEqual({
      source: 'fd00:7::2',
      advmss: 1440,
    });
  });
});

test('the segment fits the MTU that was named, where the ways claim more or nothing', () => {
  const segment = (mtu: number, ways: Parameters<typeof routes>[0]) =>
    routeFor({ ...aSpec(), mtu }, masters, routes(ways), undefined)?.advmss;
  expect(segment(1400, all(eth0))).toBe(1360);
  expect(segment(9000, all(eth0))).toBe(1460);
});

test('for any ways: the source is one of theirs, the segment fits each of them', () => {
  const way = fc.record({
    source: fc.constantFrom('10.0.0.2', '192.168.99.10', '172.16.0.2'),
    mtu: fc.integer({ min: 1280, max: 9216 }),
  });
  const ways = fc.dictionary(fc.constantFrom(...M), way, { minKeys: 1 });
  fc.assert(
    fc.property(ways, fc.constantFrom(undefined, '10.0.0.2', '172.16.0.2'), (direct, before) => {
      const now = before === undefined ? undefined : { source: before, ours: true };
      const { source, advmss } = routeFor(aSpec(), masters, routes(direct), now) ?? {};
      const possible = Object.values(direct);
      expect(possible.map(each => each.source)).toContain(source);
      expect(advmss).toBe(Math.min(...possible.map(({ mtu }) => mtu)) - 40);
      if (possible.some(each => each.source === before)) expect(source).toBe(before);
    }),
  );
});
