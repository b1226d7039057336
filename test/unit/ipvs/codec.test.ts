import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  packDestination,
  packDestinationId,
  packService,
  packServiceId,
  unpackDestination,
  unpackInfo,
  unpackService,
} from '../../../src/lib/ipvs/codec.ts';
import type { Destination, Service, Stats } from '../../../src/lib/ipvs/types.ts';
import { AF_INET, AF_INET6 } from '../../../src/lib/model/address.ts';
import { type AttributeMap, AttributeWriter, readAttributes } from '../../../src/lib/netlink/attributes.ts';
import { MalformedMessageError } from '../../../src/lib/netlink/errors.ts';
import { destination as anyDestination, service as anyService } from '../../helpers/arbitraries.ts';
import { hex, toHex } from '../../helpers/hex.ts';

const malformed = (message: string) => new MalformedMessageError(message);

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
const vip6: Service = { ...vip4, address: 'fd00:99::1', scheduler: 'wlc', flags: 0, timeoutS: 300 };
const master4: Destination = { address: '10.0.0.1', port: 6443, weight: 1, forwarding: 'masquerade' };
const master6: Destination = { address: 'fd00::1', port: 6444, weight: 100, forwarding: 'route' };

function read(...writers: AttributeWriter[]): AttributeMap {
  return readAttributes(Buffer.concat(writers.map(writer => writer.toBuffer())));
}

/** The attributes without some, and with others instead. */
function edited(writer: AttributeWriter, without: number[], instead = new AttributeWriter()): AttributeMap {
  const kept = new AttributeWriter();
  const map = read(writer);
  for (const type of map.types()) {
    if (!without.includes(type)) kept.bytes(type, map.require(type, String(type)).payload);
  }
  return read(kept, instead);
}

/** IPVS_*_ATTR_STATS (32-bit, but for bytes) or IPVS_*_ATTR_STATS64, with every counter a different number. */
function stats(wide: boolean, base = 0): AttributeWriter {
  const writer = new AttributeWriter();
  for (let type = 1; type <= 10; type++) {
    if (wide || type === 4 || type === 5) writer.u64(type, BigInt(base + type));
    else writer.u32(type, base + type);
  }
  return writer;
}

function statsFrom(base: number): Stats {
  return {
    connections: BigInt(base + 1),
    inPackets: BigInt(base + 2),
    outPackets: BigInt(base + 3),
    inBytes: BigInt(base + 4),
    outBytes: BigInt(base + 5),
    connectionsPerSecond: BigInt(base + 6),
    inPacketsPerSecond: BigInt(base + 7),
    outPacketsPerSecond: BigInt(base + 8),
    inBytesPerSecond: BigInt(base + 9),
    outBytesPerSecond: BigInt(base + 10),
  };
}

describe('a malformed service is refused by the name of what is wrong', () => {
  test.each([
    ['no protocol', [2], undefined, 'attribute IPVS_SVC_ATTR_PROTOCOL (2) is missing'],
    ['no family', [1], undefined, 'attribute IPVS_SVC_ATTR_AF (1) is missing'],
    ['no address', [3], undefined, 'attribute IPVS_SVC_ATTR_ADDR (3) is missing'],
    ['no port', [4], undefined, 'attribute IPVS_SVC_ATTR_PORT (4) is missing'],
    ['no flags', [7], undefined, 'attribute IPVS_SVC_ATTR_FLAGS (7) is missing'],
    ['no timeout', [8], undefined, 'attribute IPVS_SVC_ATTR_TIMEOUT (8) is missing'],
    ['a port of four bytes', [4], new AttributeWriter().u32(4, 1), 'attribute 4 is not a u16be; length: 4'],
    [
      'flags without their mask',
      [7],
      new AttributeWriter().u32(7, 8),
      'attribute 7 is not a 8 bytes; length: 4',
    ],
    [
      'an address of four bytes',
      [3],
      new AttributeWriter().bytes(3, hex('0a 63 00 01')),
      'attribute 3 is not a 16 bytes; length: 4',
    ],
    [
      'a family that is neither',
      [1],
      new AttributeWriter().u16(1, 1),
      'address family 1 is neither AF_INET nor AF_INET6',
    ],
    [
      'a scheduler without its NUL',
      [6],
      new AttributeWriter().bytes(6, Buffer.from('sh')),
      'attribute 6 is not a NUL-terminated string',
    ],
    [
      'torn counters',
      [12],
      new AttributeWriter().bytes(12, hex('ff 00 01 00')),
      'attribute 1 at offset 0 says 255 of 4 bytes',
    ],
    [
      'a counter of the wrong size',
      [12],
      new AttributeWriter().nest(12, new AttributeWriter().u32(1, 1)),
      'attribute 1 is not a u64; length: 4',
    ],
    [
      'an old counter of the wrong size',
      [10],
      new AttributeWriter().nest(10, new AttributeWriter().u16(1, 1)),
      'attribute 1 is not a u32; length: 2',
    ],
  ])('%s', (_, without, instead, message) => {
    expect(() => unpackService(edited(packService(vip4), without, instead))).toThrow(malformed(message));
  });
});

describe('a malformed destination is refused by the name of what is wrong', () => {
  const complete = packDestination(master4).u32(7, 0).u32(8, 0);

  test.each([
    ['no address', [1], undefined, 'attribute IPVS_DEST_ATTR_ADDR (1) is missing'],
    ['no port', [2], undefined, 'attribute IPVS_DEST_ATTR_PORT (2) is missing'],
    ['no forwarding method', [3], undefined, 'attribute IPVS_DEST_ATTR_FWD_METHOD (3) is missing'],
    ['no weight', [4], undefined, 'attribute IPVS_DEST_ATTR_WEIGHT (4) is missing'],
    ['no active connections', [7], undefined, 'attribute IPVS_DEST_ATTR_ACTIVE_CONNS (7) is missing'],
    ['no inactive connections', [8], undefined, 'attribute IPVS_DEST_ATTR_INACT_CONNS (8) is missing'],
    ['an unknown forwarding method', [3], new AttributeWriter().u32(3, 5), 'forwarding method 5 is unknown'],
    [
      'an address of four bytes',
      [1],
      new AttributeWriter().bytes(1, hex('0a 00 00 01')),
      'attribute 1 is not a 16 bytes; length: 4',
    ],
    [
      'a family that is neither',
      [11],
      new AttributeWriter().u16(11, 0),
      'address family 0 is neither AF_INET nor AF_INET6',
    ],
  ])('%s', (_, without, instead, message) => {
    expect(() => unpackDestination(edited(complete, without, instead), AF_INET)).toThrow(malformed(message));
  });
});

test('malformed information is refused by the name of what is missing', () => {
  expect(() => unpackInfo(read(new AttributeWriter().u32(2, 4096)))).toThrow(
    malformed('attribute IPVS_INFO_ATTR_VERSION (1) is missing'),
  );
  expect(() => unpackInfo(read(new AttributeWriter().u32(1, 0)))).toThrow(
    malformed('attribute IPVS_INFO_ATTR_CONN_TAB_SIZE (2) is missing'),
  );
});

describe('what cannot be a TCP port is refused before it reaches the kernel', () => {
  test.each([-1, 65536])('port %i', port => {
    expect(() => packServiceId({ ...vip4, port })).toThrow(RangeError);
    expect(() => packDestinationId({ ...master4, port })).toThrow(RangeError);
  });

  test.each([-1, 2 ** 32])('weight %i', weight => {
    expect(() => packDestination({ ...master4, weight })).toThrow(RangeError);
  });
});

describe('a service that we cannot name is passed over', () => {
  test('one with a firewall mark has no address', () => {
    expect(unpackService(read(new AttributeWriter().u16(1, AF_INET).u32(5, 7)))).toBeUndefined();
  });

  test('one of another protocol is not a TCP service of the same address', () => {
    expect(unpackService(edited(packService(vip4), [2], new AttributeWriter().u16(2, 17)))).toBeUndefined();
  });
});

describe('bytes for the kernel', () => {
  test('an IPv4 service', () => {
    expect(toHex(packService(vip4).toBuffer())).toBe(
      toHex(
        hex(
          '06 00 01 00', // IPVS_SVC_ATTR_AF
          '02 00 00 00', // AF_INET
          '06 00 02 00', // IPVS_SVC_ATTR_PROTOCOL
          '06 00 00 00', // IPPROTO_TCP
          '14 00 03 00', // IPVS_SVC_ATTR_ADDR, union nf_inet_addr
          '0a 63 00 01 00 00 00 00 00 00 00 00 00 00 00 00', // 10.99.0.1
          '06 00 04 00', // IPVS_SVC_ATTR_PORT
          '19 2b 00 00', // 6443, big-endian
          '07 00 06 00', // IPVS_SVC_ATTR_SCHED_NAME
          '73 68 00 00', // "sh"
          '0c 00 07 00', // IPVS_SVC_ATTR_FLAGS, struct ip_vs_flags
          '18 00 00 00', // flags: SCHED1, SCHED2
          'ff ff ff ff', // mask: all of them
          '08 00 08 00', // IPVS_SVC_ATTR_TIMEOUT
          '00 00 00 00', // not persistent
          '08 00 09 00', // IPVS_SVC_ATTR_NETMASK
          'ff ff ff ff', // 255.255.255.255
        ),
      ),
    );
  });

  test('an IPv6 service', () => {
    expect(toHex(packService(vip6).toBuffer())).toBe(
      toHex(
        hex(
          '06 00 01 00', // IPVS_SVC_ATTR_AF
          '0a 00 00 00', // AF_INET6
          '06 00 02 00', // IPVS_SVC_ATTR_PROTOCOL
          '06 00 00 00', // IPPROTO_TCP
          '14 00 03 00', // IPVS_SVC_ATTR_ADDR
          'fd 00 00 99 00 00 00 00 00 00 00 00 00 00 00 01', // fd00:99::1
          '06 00 04 00', // IPVS_SVC_ATTR_PORT
          '19 2b 00 00', // 6443, big-endian
          '08 00 06 00', // IPVS_SVC_ATTR_SCHED_NAME
          '77 6c 63 00', // "wlc"
          '0c 00 07 00', // IPVS_SVC_ATTR_FLAGS
          '00 00 00 00', // flags
          'ff ff ff ff', // mask
          '08 00 08 00', // IPVS_SVC_ATTR_TIMEOUT
          '2c 01 00 00', // 300 s
          '08 00 09 00', // IPVS_SVC_ATTR_NETMASK
          '80 00 00 00', // a prefix length of 128, in host order
        ),
      ),
    );
  });

  test('the name of a service is its family, protocol, address and port, and no more', () => {
    expect(read(packServiceId(vip4)).types()).toEqual([1, 2, 3, 4]);
  });

  test('an IPv4 destination', () => {
    expect(toHex(packDestination(master4).toBuffer())).toBe(
      toHex(
        hex(
          '06 00 0b 00', // IPVS_DEST_ATTR_ADDR_FAMILY
          '02 00 00 00', // AF_INET
          '14 00 01 00', // IPVS_DEST_ATTR_ADDR
          '0a 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00', // 10.0.0.1
          '06 00 02 00', // IPVS_DEST_ATTR_PORT
          '19 2b 00 00', // 6443, big-endian
          '08 00 03 00', // IPVS_DEST_ATTR_FWD_METHOD
          '00 00 00 00', // IP_VS_CONN_F_MASQ
          '08 00 04 00', // IPVS_DEST_ATTR_WEIGHT
          '01 00 00 00', // 1
          '08 00 05 00', // IPVS_DEST_ATTR_U_THRESH
          '00 00 00 00', // no limit
          '08 00 06 00', // IPVS_DEST_ATTR_L_THRESH
          '00 00 00 00', // no limit
        ),
      ),
    );
  });

  test('an IPv6 destination', () => {
    expect(toHex(packDestination(master6).toBuffer())).toBe(
      toHex(
        hex(
          '06 00 0b 00', // IPVS_DEST_ATTR_ADDR_FAMILY
          '0a 00 00 00', // AF_INET6
          '14 00 01 00', // IPVS_DEST_ATTR_ADDR
          'fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01', // fd00::1
          '06 00 02 00', // IPVS_DEST_ATTR_PORT
          '19 2c 00 00', // 6444, big-endian
          '08 00 03 00', // IPVS_DEST_ATTR_FWD_METHOD
          '03 00 00 00', // IP_VS_CONN_F_DROUTE
          '08 00 04 00', // IPVS_DEST_ATTR_WEIGHT
          '64 00 00 00', // 100
          '08 00 05 00', // IPVS_DEST_ATTR_U_THRESH
          '00 00 00 00', // no limit
          '08 00 06 00', // IPVS_DEST_ATTR_L_THRESH
          '00 00 00 00', // no limit
        ),
      ),
    );
  });

  test('the name of a destination is its family, address and port, and no more', () => {
    expect(read(packDestinationId(master4)).types()).toEqual([11, 1, 2]);
  });
});

describe('bytes from the kernel', () => {
  test("the kernel's own bookkeeping bit is not one of the flags", () => {
    const flags = new AttributeWriter().bytes(7, hex('1a 00 00 00', 'ff ff ff ff'));
    expect(unpackService(edited(packService(vip4), [7], flags))?.flags).toBe(0x18);
  });

  test('flags are a number without a sign', () => {
    const flags = new AttributeWriter().bytes(7, hex('03 00 00 80', 'ff ff ff ff'));
    expect(unpackService(edited(packService(vip4), [7], flags))?.flags).toBe(0x80000001);
  });

  test('a service without a scheduler has an empty name', () => {
    expect(unpackService(edited(packService(vip4), [6]))?.scheduler).toBe('');
  });

  test('attributes of later kernels are ignored', () => {
    const later = new AttributeWriter().string(11, 'sip').u32(99, 1);
    expect(unpackService(edited(packService(vip4), [], later))).toEqual({ ...vip4, stats: NO_STATS });
  });

  test('64-bit counters are preferred', () => {
    const both = new AttributeWriter().nest(10, stats(false, 100)).nest(12, stats(true, 200));
    expect(unpackService(edited(packService(vip4), [], both))?.stats).toEqual(statsFrom(200));
    expect(
      unpackDestination(edited(packDestination(master4).u32(7, 0).u32(8, 0), [], both), AF_INET).stats,
    ).toEqual(statsFrom(200));
  });

  test('32-bit counters, whose bytes have 64, do on a kernel before 4.1', () => {
    const old = new AttributeWriter().nest(10, stats(false, 100));
    expect(unpackService(edited(packService(vip4), [], old))?.stats).toEqual(statsFrom(100));
    expect(
      unpackDestination(edited(packDestination(master4).u32(7, 0).u32(8, 0), [], old), AF_INET).stats,
    ).toEqual(statsFrom(100));
  });

  test('a counter may be as high as 64 bits allow, and may be missing', () => {
    const wide = new AttributeWriter().nest(12, new AttributeWriter().u64(4, 0xffff_ffff_ffff_ffffn));
    expect(unpackService(edited(packService(vip4), [], wide))?.stats).toEqual({
      ...NO_STATS,
      inBytes: 18446744073709551615n,
    });
  });

  test('a destination of a kernel before 3.18 is of the family of its service', () => {
    const v4 = edited(packDestination(master4).u32(7, 0).u32(8, 0), [11]);
    const v6 = edited(packDestination(master6).u32(7, 0).u32(8, 0), [11]);
    expect(unpackDestination(v4, AF_INET).address).toBe('10.0.0.1');
    expect(unpackDestination(v6, AF_INET6).address).toBe('fd00::1');
  });

  test('a destination that says its family is of that one', () => {
    expect(unpackDestination(read(packDestination(master4).u32(7, 0).u32(8, 0)), AF_INET6).address).toBe(
      '10.0.0.1',
    );
  });

  test('only three bits of the forwarding method are the method', () => {
    const method = new AttributeWriter().u32(3, 0x0103);
    expect(
      unpackDestination(edited(packDestination(master4).u32(7, 0).u32(8, 0), [3], method), AF_INET)
        .forwarding,
    ).toBe('route');
  });

  test('connections are counted apart from the configuration', () => {
    expect(unpackDestination(read(packDestination(master4).u32(7, 3).u32(8, 0xffffffff)), AF_INET)).toEqual({
      ...master4,
      activeConnections: 3,
      inactiveConnections: 4294967295,
      stats: NO_STATS,
    });
  });

  test('the version is written with points', () => {
    expect(unpackInfo(read(new AttributeWriter().u32(1, 0x010201).u32(2, 4096)))).toEqual({
      version: '1.2.1',
      connectionTableSize: 4096,
    });
    expect(unpackInfo(read(new AttributeWriter().u32(1, 0xffffffff).u32(2, 0))).version).toBe('255.255.255');
  });
});

describe('what was packed is read back', () => {
  test('for any service', () => {
    fc.assert(
      fc.property(anyService, service => {
        expect(unpackService(read(packService(service)))).toEqual({ ...service, stats: NO_STATS });
      }),
    );
  });

  test('for any destination, whatever the family of its service', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(
        anyDestination,
        u32,
        u32,
        fc.constantFrom(AF_INET, AF_INET6),
        (destination, active, inactive, family) => {
          const attributes = read(packDestination(destination).u32(7, active).u32(8, inactive));
          expect(unpackDestination(attributes, family)).toEqual({
            ...destination,
            activeConnections: active,
            inactiveConnections: inactive,
            stats: NO_STATS,
          });
        },
      ),
    );
  });
});
