import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AttributeMap, AttributeWriter, readAttributes } from '../../../src/lib/netlink/attributes.ts';
import { MalformedMessageError } from '../../../src/lib/netlink/errors.ts';
import { hex, toHex } from '../../helpers/hex.ts';

const malformed = (message: string) => new MalformedMessageError(message);

describe('malformed attributes are refused with type, place and lengths', () => {
  test.each([
    {
      rule: 'a length of 0 would never end',
      bytes: hex(
        '00 00', // nla_len
        '01 00', // nla_type
      ),
      message: 'attribute 1 at offset 0 says 0 of 4 bytes',
    },
    {
      rule: 'a length below the header',
      bytes: hex(
        '03 00', // nla_len
        '01 00', // nla_type
      ),
      message: 'attribute 1 at offset 0 says 3 of 4 bytes',
    },
    {
      rule: 'a length past the end',
      bytes: hex(
        '09 00', // nla_len
        '02 00', // nla_type
        'aa bb cc dd', // payload, one byte short
      ),
      message: 'attribute 2 at offset 0 says 9 of 8 bytes',
    },
    {
      rule: 'the largest length there is',
      bytes: hex(
        'ff ff', // nla_len
        '02 00', // nla_type
      ),
      message: 'attribute 2 at offset 0 says 65535 of 4 bytes',
    },
    {
      rule: 'a good attribute before a bad one',
      bytes: hex(
        '05 00', // nla_len
        '01 00', // nla_type
        'aa 00 00 00', // payload and padding
        '05 00', // nla_len
        '07 80', // nla_type, NLA_F_NESTED
      ),
      message: 'attribute 7 at offset 8 says 5 of 4 bytes',
    },
  ])('$rule', ({ bytes, message }) => {
    expect(() => readAttributes(bytes)).toThrow(malformed(message));
  });

  test.each([
    { getter: 'u8', wants: 1 },
    { getter: 'u16', wants: 2 },
    { getter: 'u16be', wants: 2 },
    { getter: 'u32', wants: 4 },
    { getter: 'i32', wants: 4 },
    { getter: 'u64', wants: 8 },
  ] as const)('a $getter has exactly $wants bytes, not fewer and not more', ({ getter, wants }) => {
    for (const length of [0, wants - 1, wants + 1, 16]) {
      const attribute = only(new AttributeWriter().bytes(3, Buffer.alloc(length)));
      expect(() => attribute[getter]()).toThrow(
        malformed(`attribute 3 is not a ${getter}; length: ${length}`),
      );
    }
    expect(() => only(new AttributeWriter().bytes(3, Buffer.alloc(wants)))[getter]()).not.toThrow();
  });

  test('bytes of a fixed size', () => {
    const attribute = only(new AttributeWriter().bytes(3, Buffer.alloc(4)));
    expect(() => attribute.bytes(16)).toThrow(malformed('attribute 3 is not a 16 bytes; length: 4'));
  });

  test('a string without its NUL', () => {
    const attribute = only(new AttributeWriter().bytes(6, Buffer.from('rr')));
    expect(() => attribute.string()).toThrow(malformed('attribute 6 is not a NUL-terminated string'));
  });

  test('an empty string attribute has no NUL either', () => {
    const attribute = only(new AttributeWriter().bytes(6, Buffer.alloc(0)));
    expect(() => attribute.string()).toThrow(malformed('attribute 6 is not a NUL-terminated string'));
  });

  test('a nest with a torn attribute inside', () => {
    const attribute = only(new AttributeWriter().bytes(1, hex('ff 00', '01 00')));
    expect(() => attribute.nested()).toThrow(malformed('attribute 1 at offset 0 says 255 of 4 bytes'));
  });

  test('a missing attribute is named as the kernel header names it', () => {
    expect(() => readAttributes(Buffer.alloc(0)).require(4, 'IPVS_SVC_ATTR_PORT')).toThrow(
      malformed('attribute IPVS_SVC_ATTR_PORT (4) is missing'),
    );
  });
});

describe('what the kernel would accept is accepted', () => {
  test('no bytes are no attributes', () => {
    expect(readAttributes(Buffer.alloc(0)).types()).toEqual([]);
  });

  test('fewer than four trailing bytes are ignored', () => {
    expect(readAttributes(hex('04 00', '01 00', 'ff ff ff')).types()).toEqual([1]);
  });

  test('the last attribute may come without its padding', () => {
    const map = readAttributes(
      hex(
        '05 00', // nla_len
        '01 00', // nla_type
        'aa', // payload, and no padding
      ),
    );
    expect(map.require(1, 'one').u8()).toBe(0xaa);
  });

  test('a repeated type keeps the last one', () => {
    expect(readAttributes(new AttributeWriter().u8(1, 7).u8(1, 8).toBuffer()).get(1)?.u8()).toBe(8);
  });

  test('the nested and byte-order bits are not part of the type', () => {
    const map = readAttributes(
      hex(
        '04 00', // nla_len
        '01 80', // nla_type 1, NLA_F_NESTED
        '04 00', // nla_len
        '02 40', // nla_type 2, NLA_F_NET_BYTEORDER
        '04 00', // nla_len
        'ff ff', // nla_type 0x3fff, both
      ),
    );
    expect(map.types()).toEqual([1, 2, 0x3fff]);
    expect(map.get(3)).toBeUndefined();
  });

  test('a string ends at its first NUL', () => {
    expect(only(new AttributeWriter().bytes(6, Buffer.from('sh\0junk'))).string()).toBe('sh');
  });

  test('an integer may be the lowest or the highest of its size', () => {
    expect(only(new AttributeWriter().bytes(1, hex('ff ff ff ff'))).i32()).toBe(-1);
    expect(only(new AttributeWriter().bytes(1, hex('00 00 00 80'))).i32()).toBe(-2147483648);
    expect(only(new AttributeWriter().bytes(1, hex('ff ff ff ff'))).u32()).toBe(4294967295);
    expect(only(new AttributeWriter().bytes(1, hex('ff ff ff ff ff ff ff ff'))).u64()).toBe(
      18446744073709551615n,
    );
  });
});

describe('the writer', () => {
  test('refuses a payload that does not fit into 16 bits of length', () => {
    expect(() => new AttributeWriter().bytes(1, Buffer.alloc(65532))).toThrow(
      new RangeError('attribute 1: 65532 bytes do not fit'),
    );
    expect(new AttributeWriter().bytes(1, Buffer.alloc(65531)).toBuffer()).toHaveLength(65536);
  });

  test('pads each attribute to four bytes and says its unpadded length', () => {
    const nest = new AttributeWriter().u8(1, 0xff).u16be(4, 6443);
    const writer = new AttributeWriter()
      .u8(1, 0xff)
      .u16(2, 6)
      .u16be(4, 6443)
      .u32(8, 300)
      .u64(9, 1n)
      .string(6, 'wrr')
      .string(6, '')
      .bytes(3, hex('0a'))
      .nest(5, nest);
    expect(toHex(writer.toBuffer())).toBe(
      toHex(
        hex(
          '05 00', // nla_len
          '01 00', // u8
          'ff 00 00 00',
          '06 00', // nla_len
          '02 00', // u16, host order
          '06 00 00 00',
          '06 00', // nla_len
          '04 00', // u16be, as a port
          '19 2b 00 00',
          '08 00', // nla_len
          '08 00', // u32
          '2c 01 00 00',
          '0c 00', // nla_len
          '09 00', // u64
          '01 00 00 00 00 00 00 00',
          '08 00', // nla_len counts the NUL
          '06 00', // string
          '77 72 72 00',
          '05 00', // nla_len
          '06 00', // empty string
          '00 00 00 00',
          '05 00', // nla_len
          '03 00', // bytes
          '0a 00 00 00',
          '14 00', // nla_len
          '05 80', // nest, NLA_F_NESTED
          /**/ '05 00 01 00',
          /**/ 'ff 00 00 00',
          /**/ '06 00 04 00',
          /**/ '19 2b 00 00',
        ),
      ),
    );
  });

  test('writes nothing for no attributes', () => {
    expect(new AttributeWriter().toBuffer()).toHaveLength(0);
  });
});

describe('what was written is read back', () => {
  type Tree = { readonly [type: number]: Leaf | Tree };
  type Leaf = Uint8Array;

  const type = fc.integer({ min: 0, max: 0x3fff }).map(String);
  const { tree } = fc.letrec<{ tree: Tree }>(tie => ({
    tree: fc.dictionary(type, fc.oneof({ maxDepth: 4 }, fc.uint8Array({ maxLength: 40 }), tie('tree')), {
      maxKeys: 5,
    }) as fc.Arbitrary<Tree>,
  }));

  function write(node: Tree): AttributeWriter {
    const writer = new AttributeWriter();
    for (const [key, value] of Object.entries(node)) {
      if (value instanceof Uint8Array) writer.bytes(Number(key), value);
      else writer.nest(Number(key), write(value as Tree));
    }
    return writer;
  }

  /** Bytes do not tell a nest from a leaf; the expected tree does. */
  function read(map: AttributeMap, like: Tree): Tree {
    const node: Record<number, Leaf | Tree> = {};
    for (const key of map.types()) {
      const attribute = map.require(key, String(key));
      const value = like[key];
      node[key] =
        value instanceof Uint8Array || value === undefined
          ? Uint8Array.from(attribute.payload)
          : read(attribute.nested(), value);
    }
    return node;
  }

  test('for attributes of any size and depth', () => {
    fc.assert(
      fc.property(tree, node => {
        const bytes = write(node).toBuffer();
        expect(bytes.length % 4).toBe(0);
        expect(read(readAttributes(bytes), node)).toEqual({ ...node });
      }),
    );
  });

  test('for every integer of every size', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
    fc.assert(
      fc.property(u32, u64, (number, wide) => {
        expect(only(new AttributeWriter().u8(1, number & 0xff)).u8()).toBe(number & 0xff);
        expect(only(new AttributeWriter().u16(1, number & 0xffff)).u16()).toBe(number & 0xffff);
        expect(only(new AttributeWriter().u16be(1, number & 0xffff)).u16be()).toBe(number & 0xffff);
        expect(only(new AttributeWriter().u32(1, number)).u32()).toBe(number);
        expect(only(new AttributeWriter().u32(1, number)).i32()).toBe(number | 0);
        expect(only(new AttributeWriter().u64(1, wide)).u64()).toBe(wide);
      }),
    );
  });

  test('for every text without a NUL', () => {
    const text = fc.string({ unit: 'binary' }).filter(value => !value.includes('\0'));
    fc.assert(
      fc.property(text, value => {
        expect(only(new AttributeWriter().string(1, value)).string()).toBe(value);
      }),
    );
  });
});

/** The attribute of a buffer that holds one. */
function only(writer: AttributeWriter) {
  const map = readAttributes(writer.toBuffer());
  const [type] = map.types();
  return map.require(type ?? -1, 'the only one');
}
