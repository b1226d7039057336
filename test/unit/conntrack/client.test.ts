// Connection tracking, against bytes as <linux/netfilter/nfnetlink_conntrack.h> lays them out.
import { expect, test, vi } from 'vitest';
import { NetlinkConntrackClient } from '../../../src/lib/conntrack/client.ts';
import { addressToBytes, parseHostPort } from '../../../src/lib/model/address.ts';
import { AttributeWriter } from '../../../src/lib/netlink/attributes.ts';
import { NetlinkConnection } from '../../../src/lib/netlink/connection.ts';
import { MalformedMessageError } from '../../../src/lib/netlink/errors.ts';
import { ack, FakeTransport, type Kernel, refusal, reply } from '../../helpers/fake-transport.ts';
import { hex } from '../../helpers/hex.ts';

const CONNTRACK_NEW = 0x100;
const [CLIENT, VIP, M1] = ['10.0.0.2:40000', '10.99.0.1:6443', '10.0.0.11:6443'].map(parseHostPort) as [
  ...[ReturnType<typeof parseHostPort>, ReturnType<typeof parseHostPort>, ReturnType<typeof parseHostPort>],
];

const clientOf = (kernel: Kernel) => {
  const transport = new FakeTransport(kernel);
  return { conntrack: new NetlinkConntrackClient(() => new NetlinkConnection(transport)), transport };
};

/** An entry whose reply direction has this source. */
function entry(source: string, { v6 = false } = {}): Buffer {
  const { address, port } = parseHostPort(source);
  const tuple = new AttributeWriter()
    .nest(1, new AttributeWriter().bytes(v6 ? 3 : 1, addressToBytes(address)))
    .nest(2, new AttributeWriter().u8(1, 6).u16be(2, port));
  return Buffer.concat([hex('02 00 00 00'), new AttributeWriter().nest(2, tuple).toBuffer()]);
}

const answering =
  (payload: Buffer): Kernel =>
  request => [reply(request, CONNTRACK_NEW, payload), ack(request)];

test('the answerer is the source of the reply direction', () => {
  const { conntrack, transport } = clientOf(answering(entry('10.0.0.11:6443')));
  expect(conntrack.answererOf(CLIENT, VIP)).toEqual(M1);
  const [request] = transport.requests;
  expect(request?.type).toBe(0x101);
  expect(request?.payload).toEqual(
    hex(
      // struct nfgenmsg: AF_INET
      '02 00 00 00',
      // CTA_TUPLE_ORIG, nested: CTA_TUPLE_IP with source and destination
      '34 00 01 80  14 00 01 80  08 00 01 00  0a 00 00 02  08 00 02 00  0a 63 00 01',
      // CTA_TUPLE_PROTO: TCP, both ports in network byte order
      '1c 00 02 80  05 00 01 00  06 00 00 00  06 00 02 00  9c 40 00 00  06 00 03 00  19 2b 00 00',
    ),
  );
});

test('IPv6', () => {
  const { conntrack, transport } = clientOf(answering(entry('[fd00::b]:6443', { v6: true })));
  const [client, vip] = ['[fd00::2]:40000', '[fd99::1]:6443'].map(parseHostPort);
  expect(client && vip && conntrack.answererOf(client, vip)).toEqual({ address: 'fd00::b', port: 6443 });
  expect(transport.requests[0]?.payload.subarray(0, 16)).toEqual(
    hex('0a 00 00 00  4c 00 01 80  2c 00 01 80  14 00 03 00'),
  );
});

test('an entry that nobody translated says nothing', () => {
  expect(clientOf(answering(entry('10.99.0.1:6443'))).conntrack.answererOf(CLIENT, VIP)).toBeUndefined();
});

test('a connection that is not tracked (ENOENT) is asked for again', () => {
  const { conntrack, transport } = clientOf(request => [refusal(request, 2)]);
  expect([1, 2].map(() => conntrack.answererOf(CLIENT, VIP))).toEqual([undefined, undefined]);
  expect(transport.requests).toHaveLength(2);
});

test.each([
  ['EINVAL', 22],
  ['EOPNOTSUPP', 95],
])('a kernel without the subsystem (%s) is asked again after a minute only', (_, errno) => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { conntrack, transport } = clientOf(request => [refusal(request, errno)]);
  for (const _ of [1, 2, 3]) expect(conntrack.answererOf(CLIENT, VIP)).toBeUndefined();
  expect(transport.requests).toHaveLength(1);
  vi.advanceTimersByTime(60_000);
  conntrack.answererOf(CLIENT, VIP);
  expect(transport.requests).toHaveLength(2);
  vi.useRealTimers();
});

test('a kernel without the protocol is one that cannot tell', () => {
  let opened = 0;
  const conntrack = new NetlinkConntrackClient(() => {
    opened += 1;
    throw Object.assign(new Error('socket: EPROTONOSUPPORT'), { code: 'EPROTONOSUPPORT' });
  });
  for (const _ of [1, 2]) expect(conntrack.answererOf(CLIENT, VIP)).toBeUndefined();
  expect(opened).toBe(1);
});

test('another refusal is an error', () => {
  const { conntrack } = clientOf(request => [refusal(request, 1)]);
  expect(() => conntrack.answererOf(CLIENT, VIP)).toThrow(
    'look up connection 10.0.0.2:40000 -> 10.99.0.1:6443: EPERM',
  );
});

test.each([
  ['nothing', ''],
  ['half a header', '02 00'],
  ['no attribute', '02 00 00 00'],
  ['an attribute that is longer than the message', '02 00 00 00 ff 00 02 80'],
])('%s is malformed', (_, bytes) => {
  const { conntrack } = clientOf(answering(hex(bytes)));
  expect(() => conntrack.answererOf(CLIENT, VIP)).toThrow(MalformedMessageError);
});
