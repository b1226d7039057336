import { describe, expect, test } from 'vitest';
import { type IpvsClient, openIpvsClient } from '../../../src/lib/ipvs/client.ts';
import {
  packDestination,
  packDestinationId,
  packService,
  packServiceId,
} from '../../../src/lib/ipvs/codec.ts';
import * as ipvs from '../../../src/lib/ipvs/constants.ts';
import type { Destination, Service } from '../../../src/lib/ipvs/types.ts';
import { AttributeWriter } from '../../../src/lib/netlink/attributes.ts';
import { NetlinkConnection } from '../../../src/lib/netlink/connection.ts';
import { MalformedMessageError, NetlinkError, NetlinkTimeoutError } from '../../../src/lib/netlink/errors.ts';
import { packGeneric } from '../../../src/lib/netlink/generic.ts';
import type { Message } from '../../../src/lib/netlink/message.ts';
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

const GENL_ID_CTRL = 0x10;
/** What the fake kernel numbers the family; the real one counts up from 0x10 as modules come. */
const FAMILY = 0x22;

const vip: Service = { address: '10.99.0.1', port: 6443, scheduler: 'sh', flags: 8, timeoutS: 0 };
const vip6: Service = { ...vip, address: 'fd00:99::1' };
const master: Destination = { address: '10.0.0.1', port: 6443, weight: 1, forwarding: 'masquerade' };
const masters = [1, 2, 3].map(number => ({ ...master, address: `10.0.0.${number}` }));

const serviceReply = (service: Service): Buffer =>
  packGeneric(ipvs.IPVS_CMD_NEW_SERVICE, 1, new AttributeWriter().nest(1, packService(service)));
const destinationReply = (destination: Destination): Buffer =>
  packGeneric(
    ipvs.IPVS_CMD_NEW_DEST,
    1,
    new AttributeWriter().nest(2, packDestination(destination).u32(7, 5).u32(8, 6)),
  );

/** A client of a kernel that has the family and answers the rest with `kernel`; `sent` leaves the family's look-up out. */
function open(kernel: Kernel): { client: IpvsClient; sent: () => Message[] } {
  const transport = new FakeTransport(asked => {
    if (asked.type !== GENL_ID_CTRL) return kernel(asked);
    return [reply(asked, GENL_ID_CTRL, packGeneric(1, 2, new AttributeWriter().u16(1, FAMILY))), ack(asked)];
  });
  const client = openIpvsClient(new NetlinkConnection(transport));
  if (client === undefined) throw new Error('the fake kernel has IPVS');
  return { client, sent: () => transport.requests.slice(1) };
}

test('a kernel without ip_vs has no client', () => {
  const transport = new FakeTransport(asked => [refusal(asked, 2)]);
  expect(openIpvsClient(new NetlinkConnection(transport))).toBeUndefined();
});

test('there is no way to flush', () => {
  const { client } = open(asked => [ack(asked)]);
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(client));
  expect(methods.sort()).toEqual([
    'addDestination',
    'addService',
    'constructor',
    'deleteDestination',
    'deleteService',
    'destinations',
    'info',
    'service',
    'services',
    'updateDestination',
    'updateService',
  ]);
  expect(Object.keys(ipvs).filter(name => /FLUSH|ZERO/.test(name))).toEqual([]);
});

describe('a refusal names the call and what it was about', () => {
  test.each<[string, (client: IpvsClient) => unknown]>([
    ['read IPVS version', client => client.info()],
    ['list virtual services', client => client.services()],
    ['read virtual service 10.99.0.1:6443', client => client.service(vip)],
    ['read virtual service [fd00:99::1]:6443', client => client.service(vip6)],
    ['list destinations of 10.99.0.1:6443', client => client.destinations(vip)],
    ['add virtual service 10.99.0.1:6443', client => client.addService(vip)],
    ['change virtual service 10.99.0.1:6443', client => client.updateService(vip)],
    ['delete virtual service 10.99.0.1:6443', client => client.deleteService(vip)],
    ['add destination 10.0.0.1:6443 to 10.99.0.1:6443', client => client.addDestination(vip, master)],
    ['change destination 10.0.0.1:6443 of 10.99.0.1:6443', client => client.updateDestination(vip, master)],
    ['delete destination 10.0.0.1:6443 of 10.99.0.1:6443', client => client.deleteDestination(vip, master)],
  ])('%s', (operation, call) => {
    const { client } = open(asked => [refusal(asked, 1)]);
    expect(() => call(client)).toThrow(new NetlinkError(operation, 1));
  });

  test('a silent kernel is a timeout for every call', () => {
    const { client } = open(() => []);
    expect(() => client.services()).toThrow(NetlinkTimeoutError);
    expect(() => client.addService(vip)).toThrow(NetlinkTimeoutError);
  });
});

describe('an answer that makes no sense is malformed', () => {
  test('no answer about the version', () => {
    const { client } = open(asked => [ack(asked)]);
    expect(() => client.info()).toThrow(new MalformedMessageError('no answer to IPVS_CMD_GET_INFO'));
  });

  test('a service that is none', () => {
    const { client } = open(asked => [...multipart(asked, FAMILY, [destinationReply(master)]), done(asked)]);
    expect(() => client.services()).toThrow(
      new MalformedMessageError('attribute IPVS_CMD_ATTR_SERVICE (1) is missing'),
    );
  });

  test('a destination that is none', () => {
    const { client } = open(asked => [...multipart(asked, FAMILY, [serviceReply(vip)]), done(asked)]);
    expect(() => client.destinations(vip)).toThrow(
      new MalformedMessageError('attribute IPVS_CMD_ATTR_DEST (2) is missing'),
    );
  });
});

describe('reading', () => {
  test('the version', () => {
    const answer = packGeneric(
      ipvs.IPVS_CMD_GET_INFO,
      1,
      new AttributeWriter().u32(1, 0x010201).u32(2, 4096),
    );
    const { client } = open(asked => [reply(asked, FAMILY, answer), ack(asked)]);
    expect(client.info()).toEqual({ version: '1.2.1', connectionTableSize: 4096 });
  });

  test('all services, of both families, without those that we cannot name', () => {
    const marked = packGeneric(
      1,
      1,
      new AttributeWriter().nest(1, new AttributeWriter().u16(1, 2).u32(5, 7)),
    );
    const { client, sent } = open(asked => [
      ...multipart(asked, FAMILY, [serviceReply(vip), marked, serviceReply(vip6)]),
      done(asked),
    ]);
    expect(client.services()).toMatchObject([vip, vip6]);
    expect(sent().map(contents)).toEqual([{ command: 'GET_SERVICE', flags: 0x301, attributes: '' }]);
  });

  test('one service', () => {
    const { client, sent } = open(asked => [reply(asked, FAMILY, serviceReply(vip)), ack(asked)]);
    expect(client.service(vip)).toMatchObject(vip);
    expect(sent().map(contents)).toEqual([
      { command: 'GET_SERVICE', flags: 0x005, attributes: bytesOf({ service: packServiceId(vip) }) },
    ]);
  });

  test.each([
    ['is not there', 3],
    ['is of a family that is turned off', 97],
  ])('a service that %s is no error', (_, errno) => {
    const { client } = open(asked => [refusal(asked, errno)]);
    expect(client.service(vip)).toBeUndefined();
  });

  test('a service that we cannot name is not ours', () => {
    const marked = packGeneric(
      1,
      1,
      new AttributeWriter().nest(1, new AttributeWriter().u16(1, 2).u32(5, 7)),
    );
    const { client } = open(asked => [reply(asked, FAMILY, marked), ack(asked)]);
    expect(client.service(vip)).toBeUndefined();
  });

  test('the destinations of one service, over several datagrams', () => {
    const { client, sent } = open(asked => [
      ...multipart(asked, FAMILY, masters.map(destinationReply)),
      done(asked),
    ]);
    expect(client.destinations(vip)).toMatchObject(
      masters.map(one => ({ ...one, activeConnections: 5, inactiveConnections: 6 })),
    );
    expect(sent().map(contents)).toEqual([
      { command: 'GET_DEST', flags: 0x301, attributes: bytesOf({ service: packServiceId(vip) }) },
    ]);
  });

  test('the destinations of a service without any, or of none', () => {
    const { client } = open(asked => [done(asked)]);
    expect(client.destinations(vip)).toEqual([]);
  });

  test('destinations are read again when the table changed meanwhile', () => {
    let interrupted = true;
    const { client, sent } = open(asked => {
      const answers = [
        ...multipart(asked, FAMILY, masters.map(destinationReply), { interrupted }),
        done(asked),
      ];
      interrupted = false;
      return answers;
    });
    expect(client.destinations(vip)).toHaveLength(3);
    expect(sent()).toHaveLength(2);
  });
});

describe('each change is one command, with an acknowledgement, that names one service', () => {
  const id = packServiceId(vip);
  test.each<[string, (client: IpvsClient) => unknown, string]>([
    ['NEW_SERVICE', client => client.addService(vip), bytesOf({ service: packService(vip) })],
    ['SET_SERVICE', client => client.updateService(vip), bytesOf({ service: packService(vip) })],
    ['DEL_SERVICE', client => client.deleteService(vip), bytesOf({ service: id })],
    [
      'NEW_DEST',
      client => client.addDestination(vip, master),
      bytesOf({ service: id, destination: packDestination(master) }),
    ],
    [
      'SET_DEST',
      client => client.updateDestination(vip, { ...master, weight: 0 }),
      bytesOf({ service: id, destination: packDestination({ ...master, weight: 0 }) }),
    ],
    [
      'DEL_DEST',
      client => client.deleteDestination(vip, master),
      bytesOf({ service: id, destination: packDestinationId(master) }),
    ],
  ])('%s', (command, call, attributes) => {
    const { client, sent } = open(asked => [ack(asked)]);
    call(client);
    expect(sent().map(contents)).toEqual([{ command, flags: 0x005, attributes }]);
    expect(sent().map(({ type }) => type)).toEqual([FAMILY]);
  });
});

/** enum { IPVS_CMD_* } of <linux/ip_vs.h>, in its order. */
const COMMANDS = [
  'UNSPEC',
  'NEW_SERVICE',
  'SET_SERVICE',
  'DEL_SERVICE',
  'GET_SERVICE',
  'NEW_DEST',
  'SET_DEST',
  'DEL_DEST',
  'GET_DEST',
];

function contents({ flags, payload }: Message): {
  command: string | undefined;
  flags: number;
  attributes: string;
} {
  return { command: COMMANDS[payload[0] ?? 0], flags, attributes: toHex(payload.subarray(4)) };
}

function bytesOf({
  service,
  destination,
}: {
  service: AttributeWriter;
  destination?: AttributeWriter;
}): string {
  const writer = new AttributeWriter().nest(1, service);
  if (destination !== undefined) writer.nest(2, destination);
  return toHex(writer.toBuffer());
}
