// Our client against what ipvsadm 1.31 and Linux 6.1 said to each other.
import { describe, expect, test } from 'vitest';
import { type IpvsClient, openIpvsClient } from '../../../src/lib/ipvs/client.ts';
import * as ipvs from '../../../src/lib/ipvs/constants.ts';
import type { Destination, Service, Stats } from '../../../src/lib/ipvs/types.ts';
import { readAttributes } from '../../../src/lib/netlink/attributes.ts';
import { NetlinkConnection } from '../../../src/lib/netlink/connection.ts';
import { NLMSG_DONE, NLMSG_ERROR } from '../../../src/lib/netlink/constants.ts';
import { NetlinkError } from '../../../src/lib/netlink/errors.ts';
import { findFamily } from '../../../src/lib/netlink/generic.ts';
import type { Message } from '../../../src/lib/netlink/message.ts';
import { ack, FakeTransport } from '../../helpers/fake-transport.ts';
import { differences, type Fields, golden, replay } from '../../helpers/golden.ts';
import { toHex } from '../../helpers/hex.ts';

const GENL_ID_CTRL = 0x10;

/** The number that the kernel of the captures gave to family IPVS. */
const FAMILY = 0x20;

const NO_STATS: Stats = {
  connections: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
  connectionsPerSecond: 0n,
  inPacketsPerSecond: 0n,
  outPacketsPerSecond: 0n,
  inBytesPerSecond: 0n,
  outBytesPerSecond: 0n,
};

const vip4: Service = { address: '10.99.0.1', port: 6443, scheduler: 'sh', flags: 0x18, timeoutS: 0 };
const vip6: Service = { address: 'fd99::1', port: 6443, scheduler: 'rr', flags: 0, timeoutS: 0 };
const rr4: Service = { ...vip4, scheduler: 'rr', flags: 0 };
const master = (address: string, weight = 1): Destination => ({
  address,
  port: 6443,
  weight,
  forwarding: 'masquerade',
});
const idle = { activeConnections: 0, inactiveConnections: 0, stats: NO_STATS };

/** A client of the captured kernel, which answers with the exchange whatever we ask. */
function open(name: string): { client: IpvsClient; transport: FakeTransport } {
  const transport = new FakeTransport(asked => {
    const exchange = golden(asked.type === GENL_ID_CTRL ? 'find-family' : name);
    // ipvsadm does not wait for the acknowledgement of a question; the capture has none then.
    const ended = exchange.answers.some(({ type }) => type === NLMSG_ERROR || type === NLMSG_DONE);
    return [...replay(exchange, asked), ...(ended ? [] : [ack(asked)])];
  });
  const client = openIpvsClient(new NetlinkConnection(transport));
  if (client === undefined) throw new Error('the captured kernel has IPVS');
  return { client, transport };
}

describe('what the kernel answered is understood', () => {
  test('its number of the family, among the operations that it lists', () => {
    const transport = new FakeTransport(asked => replay(golden('find-family'), asked));
    expect(findFamily(new NetlinkConnection(transport), 'IPVS')).toBe(FAMILY);
  });

  test('its version', () => {
    expect(open('get-info').client.info()).toEqual({ version: '1.2.1', connectionTableSize: 4096 });
  });

  test('one of its services', () => {
    expect(open('get-service').client.service(vip4)).toEqual({ ...rr4, stats: NO_STATS });
  });

  test('its services', () => {
    const { client } = open('get-services');
    expect(client.services()).toEqual([
      { ...vip6, stats: NO_STATS },
      { ...rr4, stats: NO_STATS },
    ]);
  });

  test('the destinations of a service, which come in no order of ours', () => {
    expect(open('get-dests-v4').client.destinations(vip4)).toEqual([
      { ...master('10.77.0.12', 0), ...idle },
      { ...master('10.77.0.11'), ...idle },
    ]);
    expect(open('get-dests-v6').client.destinations(vip6)).toEqual([{ ...master('fd77::11'), ...idle }]);
  });

  test('its acknowledgements', () => {
    expect(open('new-service-v4').client.addService(vip4)).toBeUndefined();
    expect(open('del-service').client.deleteService(vip4)).toBeUndefined();
  });

  test.each<[string, string, (client: IpvsClient) => unknown, number]>([
    [
      'new-dest-exists',
      'add destination 10.77.0.11:6443 to 10.99.0.1:6443',
      client => client.addDestination(vip4, master('10.77.0.11')),
      17,
    ],
    [
      'new-service-no-scheduler',
      'add virtual service 10.99.0.1:6443',
      client => client.addService({ ...vip4, scheduler: 'no-such' }),
      2,
    ],
    [
      'del-dest-missing',
      'delete destination 10.77.0.99:6443 of 10.99.0.1:6443',
      client => client.deleteDestination(vip4, master('10.77.0.99')),
      2,
    ],
  ])('its refusal in %s, which echoes the whole request', (name, operation, call, errno) => {
    const { client } = open(name);
    expect(() => call(client)).toThrow(new NetlinkError(operation, errno));
  });
});

/** ipvsadm fills in the whole of struct ip_vs_service_user wherever it only names a service; the kernel reads the name. */
const ONLY_NAMES_THE_SERVICE = [
  'SERVICE/SCHED_NAME: 00 -> none',
  'SERVICE/FLAGS: 00 00 00 00 ff ff ff ff -> none',
  'SERVICE/TIMEOUT: 00 00 00 00 -> none',
];
const V4_NETMASK = 'SERVICE/NETMASK: ff ff ff ff -> none';
const V6_NETMASK = 'SERVICE/NETMASK: 80 00 00 00 -> none';

/** Tunnel type, port and flags (Linux 5.3): without them the kernel takes the same zeros, and older ones know none. */
const NO_TUNNEL = ['DEST/13: 00 -> none', 'DEST/14: 00 00 -> none', 'DEST/15: 00 00 -> none'];

/** What ipvsadm says of a destination that it deletes, of which the kernel reads the name only; "route" is its default. */
const ONLY_NAMES_THE_DESTINATION = [
  'DEST/FWD_METHOD: 03 00 00 00 -> none',
  'DEST/WEIGHT: 01 00 00 00 -> none',
  ...NO_TUNNEL,
  'DEST/U_THRESH: 00 00 00 00 -> none',
  'DEST/L_THRESH: 00 00 00 00 -> none',
];

describe('we say what ipvsadm says, but for', () => {
  test.each<[string, string, (client: IpvsClient) => unknown, string[]]>([
    ['new-service-v4', 'nothing', client => client.addService(vip4), []],
    ['new-service-v6', 'nothing', client => client.addService(vip6), []],
    ['set-service', 'nothing', client => client.updateService(rr4), []],
    [
      'del-service',
      'the configuration of a service that is only named',
      client => client.deleteService(vip4),
      [...ONLY_NAMES_THE_SERVICE, V4_NETMASK],
    ],
    [
      'new-dest-v4',
      'the configuration of the service, and tunnels',
      client => client.addDestination(vip4, master('10.77.0.11')),
      [...ONLY_NAMES_THE_SERVICE, V4_NETMASK, ...NO_TUNNEL],
    ],
    [
      'new-dest-v6',
      'the configuration of the service, and tunnels',
      client => client.addDestination(vip6, master('fd77::11')),
      [...ONLY_NAMES_THE_SERVICE, V6_NETMASK, ...NO_TUNNEL],
    ],
    [
      'set-dest',
      'the configuration of the service, and tunnels',
      client => client.updateDestination(vip4, master('10.77.0.12', 0)),
      [...ONLY_NAMES_THE_SERVICE, V4_NETMASK, ...NO_TUNNEL],
    ],
    [
      'del-dest',
      'the configuration of what is only named',
      client => client.deleteDestination(vip4, master('10.77.0.12')),
      [...ONLY_NAMES_THE_SERVICE, V4_NETMASK, ...ONLY_NAMES_THE_DESTINATION],
    ],
    [
      'get-service',
      'the configuration of a service that is only named',
      client => client.service(vip4),
      [...ONLY_NAMES_THE_SERVICE, 'SERVICE/NETMASK: 00 00 00 00 -> none'],
    ],
    ['get-info', 'nothing', client => client.info(), []],
    [
      'get-services',
      'the acknowledgement of a dump, which its end is already',
      client => client.services(),
      ['flags: 0x305 -> 0x301'],
    ],
    [
      'get-dests-v4',
      'the acknowledgement of a dump, which its end is already',
      client => client.destinations(vip4),
      ['flags: 0x305 -> 0x301'],
    ],
  ])('%s: %s', (name, _, call, expected) => {
    const { client, transport } = open(name);
    call(client);
    const ours = transport.requests.at(-1);
    expect(ours && differences(fieldsOf(ours), fieldsOf(golden(name).request))).toEqual(expected);
  });

  test('find-family: the version of the controller, which the kernel does not check', () => {
    const { transport } = open('find-family');
    const [ours] = transport.requests;
    expect(ours && differences(fieldsOf(ours), fieldsOf(golden('find-family').request))).toEqual([
      'version: 1 -> 2',
    ]);
  });
});

function fieldsOf({ type, flags, payload }: Message): Fields {
  const fields: Record<string, string> = {
    type: String(type),
    flags: `0x${flags.toString(16)}`,
    command: String(payload[0]),
    version: String(payload[1]),
  };
  const attributes = readAttributes(payload.subarray(4));
  for (const number of attributes.types()) {
    const attribute = attributes.require(number, String(number));
    const nest = type === FAMILY ? NESTS[number] : undefined;
    if (nest === undefined) {
      fields[String(number)] = toHex(attribute.payload);
      continue;
    }
    const inside = attribute.nested();
    for (const inner of inside.types()) {
      fields[`${nest.name}/${attributeName(nest.prefix, inner)}`] = toHex(
        inside.require(inner, String(inner)).payload,
      );
    }
  }
  return fields;
}

const NESTS: Record<number, { name: string; prefix: string }> = {
  1: { name: 'SERVICE', prefix: 'IPVS_SVC_ATTR_' },
  2: { name: 'DEST', prefix: 'IPVS_DEST_ATTR_' },
};

function attributeName(prefix: string, type: number): string {
  const name = Object.entries(ipvs).find(([key, value]) => key.startsWith(prefix) && value === type)?.[0];
  return name?.slice(prefix.length) ?? String(type);
}
