import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressToBytes, familyNumber } from '../../../src/lib/model/address.ts';
import { AttributeWriter, readAttributes } from '../../../src/lib/netlink/attributes.ts';
import { MalformedMessageError } from '../../../src/lib/netlink/errors.ts';
import {
  packAddressQuery,
  packLocalRoute,
  packRouteQuery,
  unpackHostAddress,
  unpackRoute,
} from '../../../src/lib/route/codec.ts';
import { address, ipv4, ipv6 } from '../../helpers/arbitraries.ts';
import { hex, toHex } from '../../helpers/hex.ts';

const malformed = (message: string) => new MalformedMessageError(message);

/** struct rtmsg of a unicast route in the main table. */
const RTMSG = hex(
  '02 18 00 00', // rtm_family AF_INET, rtm_dst_len 24, rtm_src_len, rtm_tos
  'fe 03 00 01', // rtm_table main, rtm_protocol boot, rtm_scope universe, rtm_type unicast
  '00 00 00 00', // rtm_flags
);

/** struct ifaddrmsg of an address with a /24. */
const IFADDRMSG = hex(
  '02 18 80 00', // ifa_family AF_INET, ifa_prefixlen 24, ifa_flags permanent, ifa_scope universe
  '02 00 00 00', // ifa_index
);

describe('a malformed route is refused', () => {
  test.each([0, 11])('%i bytes are no struct rtmsg', length => {
    expect(() => unpackRoute(RTMSG.subarray(0, length))).toThrow(
      malformed(`struct rtmsg needs 12 bytes, ${length} are left`),
    );
  });

  test.each([0, 3, 5, 15, 17])('a source address of %i bytes', length => {
    const attributes = new AttributeWriter().bytes(7, Buffer.alloc(length));
    expect(() => unpackRoute(Buffer.concat([RTMSG, attributes.toBuffer()]))).toThrow(
      malformed(`an address has 4 or 16 bytes, not ${length}`),
    );
  });

  test.each([
    ['a device of two bytes', new AttributeWriter().u16(4, 1), 'attribute 4 is not a u32; length: 2'],
    ['a table of one byte', new AttributeWriter().u8(15, 255), 'attribute 15 is not a u32; length: 1'],
  ])('%s', (_, attributes, message) => {
    expect(() => unpackRoute(Buffer.concat([RTMSG, attributes.toBuffer()]))).toThrow(malformed(message));
  });

  test('a torn attribute', () => {
    expect(() => unpackRoute(Buffer.concat([RTMSG, hex('09 00 01 00 0a')]))).toThrow(
      malformed('attribute 1 at offset 0 says 9 of 5 bytes'),
    );
  });
});

describe('a malformed address is refused', () => {
  test.each([0, 7])('%i bytes are no struct ifaddrmsg', length => {
    expect(() => unpackHostAddress(IFADDRMSG.subarray(0, length))).toThrow(
      malformed(`struct ifaddrmsg needs 8 bytes, ${length} are left`),
    );
  });

  test.each([0, 1, 6, 20])('one of %i bytes', length => {
    const attributes = new AttributeWriter().bytes(2, Buffer.alloc(length));
    expect(() => unpackHostAddress(Buffer.concat([IFADDRMSG, attributes.toBuffer()]))).toThrow(
      malformed(`an address has 4 or 16 bytes, not ${length}`),
    );
  });
});

describe('bytes for the kernel', () => {
  test('the local route of an IPv4 address, with its source', () => {
    expect(toHex(packLocalRoute({ destination: '10.99.0.1', source: '10.0.0.9' }))).toBe(
      toHex(
        hex(
          '02', // rtm_family AF_INET
          '20', // rtm_dst_len 32
          '00', // rtm_src_len
          '00', // rtm_tos
          'ff', // rtm_table RT_TABLE_LOCAL
          '42', // rtm_protocol 66, ours
          'fe', // rtm_scope RT_SCOPE_HOST
          '02', // rtm_type RTN_LOCAL
          '00 00 00 00', // rtm_flags
          '08 00 01 00', // RTA_DST
          '0a 63 00 01', // 10.99.0.1
          '08 00 04 00', // RTA_OIF
          '01 00 00 00', // lo
          '08 00 0f 00', // RTA_TABLE
          'ff 00 00 00', // RT_TABLE_LOCAL
          '08 00 07 00', // RTA_PREFSRC
          '0a 00 00 09', // 10.0.0.9
        ),
      ),
    );
  });

  test('the local route of an IPv6 address, without a source', () => {
    expect(toHex(packLocalRoute({ destination: 'fd00:99::1' }))).toBe(
      toHex(
        hex(
          '0a', // rtm_family AF_INET6
          '80', // rtm_dst_len 128
          '00', // rtm_src_len
          '00', // rtm_tos
          'ff', // rtm_table RT_TABLE_LOCAL
          '42', // rtm_protocol 66, ours
          'fe', // rtm_scope RT_SCOPE_HOST
          '02', // rtm_type RTN_LOCAL
          '00 00 00 00', // rtm_flags
          '14 00 01 00', // RTA_DST
          'fd 00 00 99 00 00 00 00 00 00 00 00 00 00 00 01', // fd00:99::1
          '08 00 04 00', // RTA_OIF
          '01 00 00 00', // lo
          '08 00 0f 00', // RTA_TABLE
          'ff 00 00 00', // RT_TABLE_LOCAL
        ),
      ),
    );
  });

  test('the question for the route to an address', () => {
    expect(toHex(packRouteQuery('10.99.0.1', 0x2000))).toBe(
      toHex(
        hex(
          '02 20 00 00', // rtm_family AF_INET, rtm_dst_len 32
          '00 00 00 00', // no table, protocol, scope, type
          '00 20 00 00', // rtm_flags RTM_F_FIB_MATCH
          '08 00 01 00', // RTA_DST
          '0a 63 00 01', // 10.99.0.1
        ),
      ),
    );
  });

  test('the question for all addresses is of no family', () => {
    expect(toHex(packAddressQuery())).toBe('00 00 00 00 00 00 00 00');
  });
});

describe('a route from the kernel', () => {
  test('without attributes has what its header says', () => {
    expect(unpackRoute(RTMSG)).toEqual({
      type: 1,
      table: 254,
      protocol: 3,
      prefixLength: 24,
      source: undefined,
      deviceIndex: undefined,
    });
  });

  test('in a table above 255 says so in an attribute', () => {
    const attributes = new AttributeWriter().u32(15, 1000);
    expect(unpackRoute(Buffer.concat([RTMSG, attributes.toBuffer()])).table).toBe(1000);
  });

  test('that we packed is read back', () => {
    const pair = fc.oneof(fc.tuple(ipv4, fc.option(ipv4)), fc.tuple(ipv6, fc.option(ipv6)));
    fc.assert(
      fc.property(pair, ([destination, preferred]) => {
        const source = preferred ?? undefined;
        const packed = packLocalRoute({ destination, source });
        expect(unpackRoute(packed)).toEqual({
          type: 2,
          table: 255,
          protocol: 66,
          prefixLength: destination.includes(':') ? 128 : 32,
          destination,
          source,
          deviceIndex: 1,
        });
        expect(readAttributes(packed.subarray(12)).get(1)?.payload).toEqual(addressToBytes(destination));
      }),
    );
  });
});

describe('an address of the host', () => {
  const packed = (writer: AttributeWriter): Buffer => Buffer.concat([IFADDRMSG, writer.toBuffer()]);

  test('is IFA_LOCAL where IFA_ADDRESS is the other end of a point-to-point link', () => {
    const writer = new AttributeWriter().bytes(1, hex('0a 00 00 02')).bytes(2, hex('0a 00 00 01'));
    expect(unpackHostAddress(packed(writer))).toBe('10.0.0.1');
  });

  test('is IFA_ADDRESS for IPv6, which has no IFA_LOCAL', () => {
    const writer = new AttributeWriter().bytes(1, hex('fd 00', '00'.repeat(13), '01'));
    expect(unpackHostAddress(packed(writer))).toBe('fd00::1');
  });

  test('may be missing', () => {
    expect(unpackHostAddress(IFADDRMSG)).toBeUndefined();
  });

  test('of any kind is read back', () => {
    fc.assert(
      fc.property(address, text => {
        const header = Buffer.from([familyNumber(text), 64, 0, 0, 1, 0, 0, 0]);
        const attributes = new AttributeWriter().bytes(1, addressToBytes(text)).u32(8, 0x80);
        expect(unpackHostAddress(Buffer.concat([header, attributes.toBuffer()]))).toBe(text);
      }),
    );
  });
});
