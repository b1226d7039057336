import { describe, expect, test } from 'vitest';
import { addressToBytes, familyNumber } from '../../../src/lib/model/address.ts';
import { AttributeWriter } from '../../../src/lib/netlink/attributes.ts';
import { NetlinkConnection } from '../../../src/lib/netlink/connection.ts';
import { NetlinkError, NetlinkTimeoutError } from '../../../src/lib/netlink/errors.ts';
import type { Message } from '../../../src/lib/netlink/message.ts';
import {
  isBroadcast,
  isHostAddressRoute,
  isLocalRoute,
  isOurs,
  NetlinkRouteClient,
  type RouteClient,
} from '../../../src/lib/route/client.ts';
import {
  packAddressQuery,
  packLocalRoute,
  packLocalTableQuery,
  packRouteQuery,
  type RouteEntry,
} from '../../../src/lib/route/codec.ts';
import {
  ack,
  done,
  FakeTransport,
  type Kernel,
  multipart,
  refusal,
  reply,
} from '../../helpers/fake-transport.ts';
import { toHex } from '../../helpers/hex.ts';

const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RTM_F_FIB_MATCH = 0x2000;

const [EPERM, ESRCH, ENOMEM, EACCES, EINVAL, ENETUNREACH, EHOSTUNREACH] = [1, 3, 12, 13, 22, 101, 113];

function open(kernel: Kernel): { client: RouteClient; transport: FakeTransport } {
  const transport = new FakeTransport(kernel);
  return { client: new NetlinkRouteClient(new NetlinkConnection(transport)), transport };
}

/** What was sent: type, flags, bytes. */
function sent({ requests }: FakeTransport): { type: number; flags: number; bytes: string }[] {
  return requests.map(({ type, flags, payload }) => ({ type, flags, bytes: toHex(payload) }));
}

/** RTM_NEWADDR of one address. */
function hostAddress(text: string): Buffer {
  const header = Buffer.from([familyNumber(text), 24, 0x80, 0, 1, 0, 0, 0]);
  return Buffer.concat([header, new AttributeWriter().bytes(1, addressToBytes(text)).toBuffer()]);
}

/** A route of the VIP as we make it; a test names what differs. */
function route(fields: Partial<RouteEntry> = {}): RouteEntry {
  return {
    type: 2,
    table: 255,
    protocol: 66,
    prefixLength: 32,
    source: '10.0.0.9',
    deviceIndex: 1,
    ...fields,
  };
}

describe('a refusal names the call and what it was about', () => {
  test.each<[string, (client: RouteClient) => unknown]>([
    ['look up the route to 10.99.0.1', client => client.lookup('10.99.0.1')],
    ['look up the route to fd00:99::1', client => client.sourceTowards('fd00:99::1')],
    ['list addresses', client => client.hostAddresses()],
    ['set local route 10.99.0.1', client => client.replaceLocal({ destination: '10.99.0.1' })],
    [
      'set local route 10.99.0.1 with source 10.0.0.9',
      client => client.replaceLocal({ destination: '10.99.0.1', source: '10.0.0.9' }),
    ],
    ['delete local route 10.99.0.1', client => client.deleteLocal('10.99.0.1')],
  ])('%s', (operation, call) => {
    const { client } = open(asked => [refusal(asked, EPERM)]);
    expect(() => call(client)).toThrow(new NetlinkError(operation, EPERM));
  });

  test("a source that is not ours comes with the kernel's words", () => {
    const { client } = open(asked => [refusal(asked, EINVAL, { message: 'Invalid prefsrc address' })]);
    expect(() => client.replaceLocal({ destination: '10.99.0.1', source: '10.0.0.8' })).toThrow(
      new NetlinkError('set local route 10.99.0.1 with source 10.0.0.8', EINVAL, {
        kernelMessage: 'Invalid prefsrc address',
      }),
    );
  });

  test('a route that is not there cannot be deleted', () => {
    const { client } = open(asked => [refusal(asked, ESRCH)]);
    expect(() => client.deleteLocal('10.99.0.1')).toThrow(
      new NetlinkError('delete local route 10.99.0.1', ESRCH),
    );
  });

  test('a silent kernel is a timeout', () => {
    const { client } = open(() => []);
    expect(() => client.lookup('10.99.0.1')).toThrow(NetlinkTimeoutError);
  });
});

describe('no route is an answer', () => {
  test.each([
    ['none matches', ENETUNREACH],
    ['it is unreachable', EHOSTUNREACH],
    ['it is prohibited', EACCES],
    ['it is a black hole', EINVAL],
  ])('%s', (_, errno) => {
    const { client } = open(asked => [refusal(asked, errno)]);
    expect(client.lookup('10.99.0.1')).toBeUndefined();
    expect(client.sourceTowards('10.99.0.1')).toBeUndefined();
  });

  test('another error is none', () => {
    const { client } = open(asked => [refusal(asked, ENOMEM)]);
    expect(() => client.lookup('10.99.0.1')).toThrow(
      new NetlinkError('look up the route to 10.99.0.1', ENOMEM),
    );
  });

  test('an acknowledgement alone is no route', () => {
    const { client } = open(asked => [ack(asked)]);
    expect(client.lookup('10.99.0.1')).toBeUndefined();
  });
});

describe('reading', () => {
  const local = packLocalRoute({ destination: '10.99.0.1', source: '10.0.0.9' });

  test('the look-up asks for the route itself, not for what a packet gets from it', () => {
    const { client, transport } = open(asked => [reply(asked, RTM_NEWROUTE, local), ack(asked)]);
    expect(client.lookup('10.99.0.1')).toMatchObject(route({ destination: '10.99.0.1' }));
    expect(sent(transport)).toEqual([
      { type: RTM_GETROUTE, flags: 0x005, bytes: toHex(packRouteQuery('10.99.0.1', RTM_F_FIB_MATCH)) },
    ]);
  });

  test('table local is asked for the route itself; other tables and addresses in the answer are passed over', () => {
    const other = packLocalRoute({ destination: '10.99.0.2' });
    // As the kernel says table main: RTA_TABLE in the place of 255.
    const main = Buffer.from(local.toString('hex').replace(/08000f00ff000000/, '08000f00fe000000'), 'hex');
    const { client, transport } = open(asked => [
      ...multipart(asked, RTM_NEWROUTE, [other, main, local]),
      done(asked),
    ]);
    expect(client.inLocalTable('10.99.0.1')).toMatchObject(route({ destination: '10.99.0.1' }));
    expect(sent(transport)).toEqual([
      { type: RTM_GETROUTE, flags: 0x301, bytes: toHex(packLocalTableQuery('10.99.0.1')) },
    ]);
  });

  test.each([
    ['it is not there', (asked: Message) => [done(asked)]],
    ['the namespace has no such table yet', (asked: Message) => [refusal(asked, 2)]],
    ['IPv6 is turned off', (asked: Message) => [refusal(asked, 97)]],
  ])('table local: %s', (_, answer) => {
    expect(open(answer).client.inLocalTable('10.99.0.1')).toBeUndefined();
  });

  test('the source is what a packet gets', () => {
    const { client, transport } = open(asked => [reply(asked, RTM_NEWROUTE, local), ack(asked)]);
    expect(client.sourceTowards('10.99.0.1')).toBe('10.0.0.9');
    expect(sent(transport)).toEqual([
      { type: RTM_GETROUTE, flags: 0x005, bytes: toHex(packRouteQuery('10.99.0.1', 0)) },
    ]);
  });

  test('the addresses of both families, over several datagrams', () => {
    const addresses = ['127.0.0.1', '10.0.0.9', '::1', 'fd00::9', 'fe80::9'];
    const { client, transport } = open(asked => [
      ...multipart(asked, RTM_NEWADDR, addresses.map(hostAddress)),
      done(asked),
    ]);
    expect(client.hostAddresses()).toEqual(addresses);
    expect(sent(transport)).toEqual([{ type: RTM_GETADDR, flags: 0x301, bytes: toHex(packAddressQuery()) }]);
  });

  test('an address that is none is left out', () => {
    const { client } = open(asked => [
      ...multipart(asked, RTM_NEWADDR, [Buffer.from([2, 24, 0, 0, 1, 0, 0, 0]), hostAddress('10.0.0.9')]),
      done(asked),
    ]);
    expect(client.hostAddresses()).toEqual(['10.0.0.9']);
  });
});

describe('changing', () => {
  const destination = '10.99.0.1';

  test('the route is made, or changed in place', () => {
    const { client, transport } = open(asked => [ack(asked)]);
    client.replaceLocal({ destination, source: '10.0.0.9' });
    expect(sent(transport)).toEqual([
      {
        type: RTM_NEWROUTE,
        flags: 0x505, // REQUEST | ACK | REPLACE | CREATE
        bytes: toHex(packLocalRoute({ destination, source: '10.0.0.9' })),
      },
    ]);
  });

  test('the route is deleted whatever its source, and only if its protocol is ours', () => {
    const { client, transport } = open(asked => [ack(asked)]);
    client.deleteLocal(destination);
    expect(sent(transport)).toEqual([
      { type: RTM_DELROUTE, flags: 0x005, bytes: toHex(packLocalRoute({ destination })) },
    ]);
    expect(transport.requests[0]?.payload[5]).toBe(66);
  });
});

describe('whose a route is', () => {
  test.each<[string, RouteEntry, string, { local: boolean; host: boolean; ours: boolean }]>([
    ['ours', route(), '10.99.0.1', { local: true, host: false, ours: true }],
    [
      'ours, which the kernel says to be in "main" while local and main are one table',
      route({ table: 254 }),
      '10.99.0.1',
      { local: true, host: false, ours: true },
    ],
    ['ours, IPv6', route({ prefixLength: 128 }), 'fd00::1', { local: true, host: false, ours: true }],
    [
      'of an address of this host',
      route({ protocol: 2, table: 254 }),
      '10.0.0.9',
      { local: true, host: true, ours: false },
    ],
    [
      'of an IPv6 address of this host',
      route({ protocol: 2, prefixLength: 128 }),
      'fd00::9',
      { local: true, host: true, ours: false },
    ],
    ["somebody else's", route({ protocol: 4 }), '10.99.0.1', { local: true, host: false, ours: false }],
    [
      'of a whole network (127.0.0.0/8)',
      route({ prefixLength: 8, protocol: 2 }),
      '127.0.0.2',
      { local: false, host: false, ours: false },
    ],
    [
      'of an IPv6 network whose prefix is as long as an IPv4 address',
      route(),
      'fd00::1',
      { local: false, host: false, ours: true },
    ],
    [
      'to another host',
      route({ type: 1, table: 254, protocol: 3 }),
      '10.0.0.1',
      { local: false, host: false, ours: false },
    ],
  ])('%s', (_, entry, address, { local, host, ours }) => {
    expect(isLocalRoute(entry, address)).toBe(local);
    expect(isHostAddressRoute(entry, address)).toBe(host);
    expect(isOurs(entry)).toBe(ours);
  });

  test('a broadcast address of the host is known by its type', () => {
    expect(isBroadcast(route({ type: 3 }))).toBe(true);
    expect(isBroadcast(route())).toBe(false);
    expect(isBroadcast(undefined)).toBe(false);
  });
});
