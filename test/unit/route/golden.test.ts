// Our client against what iproute2 6.1 and Linux 6.1 said to each other.
import { describe, expect, test } from 'vitest';
import { readAttributes } from '../../../src/lib/netlink/attributes.ts';
import { NetlinkConnection } from '../../../src/lib/netlink/connection.ts';
import { NetlinkError } from '../../../src/lib/netlink/errors.ts';
import type { Message } from '../../../src/lib/netlink/message.ts';
import { isLocalRoute, NetlinkRouteClient, type RouteClient } from '../../../src/lib/route/client.ts';
import { type RouteEntry, unpackRoute } from '../../../src/lib/route/codec.ts';
import * as route from '../../../src/lib/route/constants.ts';
import { ack, FakeTransport } from '../../helpers/fake-transport.ts';
import { differences, type Fields, golden, replay } from '../../helpers/golden.ts';
import { toHex } from '../../helpers/hex.ts';

/** A client of the captured kernel, which answers with the exchange whatever we ask. */
function open(name: string): { client: RouteClient; transport: FakeTransport } {
  const exchange = golden(name);
  // iproute2 asks without NLM_F_ACK where it expects an answer, so such captures have no acknowledgement.
  const acknowledged = (exchange.request.flags & 0x304) !== 0 || exchange.answers[0]?.type === 2;
  const transport = new FakeTransport(asked => [
    ...replay(exchange, asked),
    ...(acknowledged ? [] : [ack(asked)]),
  ]);
  return { client: new NetlinkRouteClient(new NetlinkConnection(transport)), transport };
}

function entry(fields: Partial<RouteEntry>): RouteEntry {
  return { type: 2, table: 255, protocol: 2, prefixLength: 32, source: undefined, deviceIndex: 1, ...fields };
}

describe('what the kernel answered is understood', () => {
  test('the route to another host, and the source towards it', () => {
    const v4 = { type: 1, table: 254, protocol: 0, source: '10.77.0.10', deviceIndex: 3 };
    expect(open('route-get-v4').client.lookup('10.77.0.11')).toMatchObject(entry(v4));
    expect(open('route-get-v4').client.sourceTowards('10.77.0.11')).toBe('10.77.0.10');
    const v6 = { ...v4, protocol: 2, prefixLength: 128, source: 'fd77::10' };
    expect(open('route-get-v6').client.lookup('fd77::11')).toMatchObject(entry(v6));
    expect(open('route-get-v6').client.sourceTowards('fd77::11')).toBe('fd77::10');
  });

  test('that there is no route', () => {
    expect(open('route-get-unreachable').client.lookup('192.0.2.1')).toBeUndefined();
    expect(open('route-get-unreachable').client.sourceTowards('192.0.2.1')).toBeUndefined();
  });

  test('its refusal of a source that is not ours, with its words behind the echoed request', () => {
    const { client } = open('route-replace-bad-source');
    expect(() => client.replaceLocal({ destination: '10.99.0.1', source: '10.77.0.250' })).toThrow(
      new NetlinkError('set local route 10.99.0.1 with source 10.77.0.250', 22, {
        kernelMessage: 'Invalid prefsrc address',
      }),
    );
  });

  test('its acknowledgements', () => {
    expect(open('route-replace-v4').client.replaceLocal({ destination: '10.99.0.1' })).toBeUndefined();
    expect(open('route-del-v4').client.deleteLocal('10.99.0.1')).toBeUndefined();
  });

  test('its local table, IPv4', () => {
    const routes = golden('route-show-v4').answers.map(({ payload }) => unpackRoute(payload));
    expect(routes).toMatchObject([
      entry({ source: '10.77.0.10', deviceIndex: 3 }),
      entry({ type: 3, source: '10.77.0.10', deviceIndex: 3 }),
      entry({ protocol: 3, source: '10.77.0.10' }),
      entry({ prefixLength: 8, source: '127.0.0.1' }),
      entry({ source: '127.0.0.1' }),
      entry({ type: 3, source: '127.0.0.1' }),
    ]);
    expect(routes.map(one => isLocalRoute(one, '10.99.0.1'))).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  test('its local table, IPv6', () => {
    const v6 = { prefixLength: 128 };
    expect(golden('route-show-v6').answers.map(({ payload }) => unpackRoute(payload))).toMatchObject([
      entry(v6),
      entry({ ...v6, deviceIndex: 3 }),
      entry({ ...v6, protocol: 3 }),
      entry({ ...v6, deviceIndex: 2 }),
      entry({ ...v6, deviceIndex: 3 }),
      entry({ type: 5, prefixLength: 8, deviceIndex: 3 }),
      entry({ type: 5, prefixLength: 8, deviceIndex: 2 }),
    ]);
  });

  test('the addresses of the host, of both families and of a point-to-point link', () => {
    expect(open('address-dump').client.hostAddresses()).toEqual([
      '127.0.0.1',
      '10.77.0.10',
      '10.78.0.1',
      'fd77::10',
      '::1',
    ]);
  });
});

/** "boot", which iproute2 takes where none is said; ours is the mark by which we know our route. */
const OUR_MARK = 'protocol: 3 -> 66';
/** iproute2 deletes whoever made it; we delete ours only. */
const ONLY_OURS = 'protocol: 0 -> 66';
/** Said twice, in the header and as an attribute; iproute2 does so for tables above 255 only. */
const TABLE_ATTRIBUTE = 'TABLE: none -> ff 00 00 00';
/** IPv6 knows no scopes: the kernel does not read it. */
const SCOPE = 'scope: 0 -> 254';
/** We ask for the acknowledgement of a question as well, and so need not know which answers have several parts. */
const ACKNOWLEDGED = 'flags: 0x1 -> 0x5';

describe('we say what ip says, but for', () => {
  const vip4 = { destination: '10.99.0.1', source: '10.77.0.10' };

  test.each<[string, (client: RouteClient) => unknown, string[]]>([
    ['route-replace-v4', client => client.replaceLocal(vip4), [OUR_MARK, TABLE_ATTRIBUTE]],
    [
      'route-replace-v6',
      client => client.replaceLocal({ destination: 'fd99::1' }),
      [OUR_MARK, SCOPE, TABLE_ATTRIBUTE],
    ],
    ['route-del-v4', client => client.deleteLocal('10.99.0.1'), [ONLY_OURS, TABLE_ATTRIBUTE]],
    ['route-del-v6', client => client.deleteLocal('fd99::1'), [ONLY_OURS, SCOPE, TABLE_ATTRIBUTE]],
    [
      'route-get-v4',
      client => client.sourceTowards('10.77.0.11'),
      // RTM_F_LOOKUP_TABLE: the table, of which the kernel makes no use before there are policy rules, nor do we.
      [ACKNOWLEDGED, 'rtm_flags: 00 10 00 00 -> 00 00 00 00'],
    ],
    ['route-get-v6', client => client.sourceTowards('fd77::11'), [ACKNOWLEDGED]],
  ])('%s', (name, call, expected) => {
    const { client, transport } = open(name);
    call(client);
    const ours = transport.requests.at(-1);
    expect(ours && differences(fieldsOf(ours), fieldsOf(golden(name).request))).toEqual(expected);
  });
});

function fieldsOf({ type, flags, payload }: Message): Fields {
  const fields: Record<string, string> = { type: String(type), flags: `0x${flags.toString(16)}` };
  const header = ['family', 'dst_len', 'src_len', 'tos', 'table', 'protocol', 'scope', 'rtm_type'];
  header.forEach((name, index) => {
    fields[name] = String(payload[index]);
  });
  fields.rtm_flags = toHex(payload.subarray(8, 12));
  const attributes = readAttributes(payload.subarray(12));
  for (const number of attributes.types()) {
    const name = Object.entries(route).find(
      ([key, value]) => key.startsWith('RTA_') && value === number,
    )?.[0];
    fields[name?.slice(4) ?? String(number)] = toHex(attributes.require(number, String(number)).payload);
  }
  return fields;
}
