// Listing and destroying sockets, against bytes as <linux/inet_diag.h> lays them out.
import { describe, expect, test } from 'vitest';
import { addressToBytes, type HostPort } from '../../../src/lib/model/address.ts';
import { NetlinkConnection } from '../../../src/lib/netlink/connection.ts';
import type { Message } from '../../../src/lib/netlink/message.ts';
import { NetlinkSocketClient, SocketsUnsupportedError } from '../../../src/lib/sockets/client.ts';
import { ack, done, FakeTransport, type Kernel, multipart, refusal } from '../../helpers/fake-transport.ts';
import { hex } from '../../helpers/hex.ts';

const TCPDIAG_GETSOCK = 18;
const VIP: HostPort = { address: '10.99.0.1', port: 6443 };
const CLIENT: HostPort = { address: '10.0.0.2', port: 40_000 };
const SOCKET = { local: CLIENT, cookie: hex('01 02 03 04 05 06 07 08') };

const clientOf = (kernel: Kernel) => {
  const transport = new FakeTransport(kernel);
  return { sockets: new NetlinkSocketClient(new NetlinkConnection(transport)), transport };
};

/** struct inet_diag_msg with what is looked at; `family` 2 or 10. */
function entry(family: number, local: HostPort, remote: HostPort): Buffer {
  const bytes = Buffer.alloc(72);
  bytes.writeUInt8(family, 0);
  bytes.writeUInt16BE(local.port, 4);
  bytes.writeUInt16BE(remote.port, 6);
  for (const [address, offset] of [
    [local.address, 8],
    [remote.address, 24],
  ] as const) {
    const raw = addressToBytes(address);
    const mapped = family === 10 && raw.length === 4;
    bytes.set(mapped ? [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...raw] : raw, offset);
  }
  return bytes;
}

/** Answers each dump with these. */
const listing =
  (...entries: Buffer[]): Kernel =>
  (request: Message) => [...multipart(request, TCPDIAG_GETSOCK, entries), done(request)];

describe('who is connected to an address', () => {
  test('established sockets of both families, and nobody who is connected elsewhere', () => {
    const other = { ...VIP, address: '10.99.0.2' };
    const mapped = { ...CLIENT, port: 40_001 };
    const { sockets, transport } = clientOf(
      listing(entry(2, CLIENT, VIP), entry(2, CLIENT, other), entry(10, mapped, VIP)),
    );
    expect(sockets.connectedTo(VIP).map(({ local }) => local)).toEqual([CLIENT, mapped]);
    expect(transport.requests).toHaveLength(1);
    expect(transport.requests[0]?.payload).toEqual(
      hex(
        // struct inet_diag_req: no family, no extensions | any source port, destination port 6443 | any addresses, cookie
        '00 00 00 00  00 00 19 2b',
        '00 '.repeat(44),
        // states: ESTABLISHED | dbs
        '02 00 00 00  00 00 00 00',
        // an attribute of 20 bytes, INET_DIAG_REQ_BYTECODE | D_COND, yes to 16, no to 20 | AF_INET, /32 | port 6443 | the address
        '14 00 01 00  08 10 14 00  02 20 00 00  2b 19 00 00  0a 63 00 01',
      ),
    );
  });

  test('IPv6', () => {
    const vip = { address: 'fd99::1', port: 6443 };
    const client = { address: 'fd00::2', port: 40_000 };
    const { sockets, transport } = clientOf(listing(entry(10, client, vip)));
    expect(sockets.connectedTo(vip).map(({ local }) => local)).toEqual([client]);
    expect(transport.requests[0]?.payload.subarray(60)).toEqual(
      hex(
        '20 00 01 00  08 1c 20 00  0a 80 00 00  2b 19 00 00',
        'fd 99 00 00  00 00 00 00  00 00 00 00  00 00 00 01',
      ),
    );
  });

  test.each([
    ['tcp_diag says ENOENT', 2],
    ['inet_diag says EOPNOTSUPP', 95],
  ])('a kernel without %s', (_, number) => {
    const { sockets } = clientOf(request => [refusal(request, number)]);
    expect(() => sockets.connectedTo(VIP)).toThrow(SocketsUnsupportedError);
  });
});

describe('destroying a socket', () => {
  test('names it by its addresses and its cookie', () => {
    const { sockets, transport } = clientOf(request => [ack(request)]);
    expect(sockets.destroy(SOCKET, VIP)).toBe(true);
    expect(transport.requests[0]?.payload).toEqual(
      hex(
        '02 06 00 00  ff ff ff ff  9c 40 19 2b',
        '0a 00 00 02  00 00 00 00  00 00 00 00  00 00 00 00',
        '0a 63 00 01  00 00 00 00  00 00 00 00  00 00 00 00',
        '00 00 00 00  01 02 03 04  05 06 07 08',
      ),
    );
  });

  test.each([
    ['it is gone already (ENOENT)', 2, false],
    ['another errno (EPERM)', 1, 'destroy socket 10.0.0.2:40000 -> 10.99.0.1:6443: EPERM'],
    ['a kernel that cannot (EOPNOTSUPP)', 95, 'this kernel cannot list or destroy sockets'],
  ])('%s', (_, number, expected) => {
    const { sockets } = clientOf(request => [refusal(request, number)]);
    if (typeof expected === 'string') expect(() => sockets.destroy(SOCKET, VIP)).toThrow(expected);
    else expect(sockets.destroy(SOCKET, VIP)).toBe(expected);
  });
});

test('traffic of a connection: struct tcp_info as <linux/tcp.h> lays it out', () => {
  const info = Buffer.alloc(232);
  info.writeUInt8(3, 2); // tcpi_retransmits
  info.writeUInt32LE(2, 24); // tcpi_unacked
  info.writeUInt32LE(1500, 44); // tcpi_last_data_sent
  info.writeUInt32LE(4500, 52); // tcpi_last_data_recv
  info.writeUInt32LE(412_500, 68); // tcpi_rtt
  info.writeBigUInt64LE(7n, 128); // tcpi_bytes_received
  const header = Buffer.from([info.length + 4, 0, 2, 0]); // struct nlattr: INET_DIAG_INFO
  const message = Buffer.concat([entry(2, CLIENT, VIP), header, info]);
  message.writeUInt8(1, 1); // TCP_ESTABLISHED
  const { sockets } = clientOf(listing(message));
  expect(sockets.traffic(VIP)).toMatchObject([
    {
      local: CLIENT,
      state: 1,
      retransmits: 3,
      unackedSegments: 2,
      sinceSentMs: 1500,
      sinceReceivedMs: 4500,
      roundTripMs: 412.5,
      bytesReceived: 7n,
    },
  ]);
});
