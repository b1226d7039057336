import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AttributeWriter } from '../../../src/lib/netlink/attributes.ts';
import { NetlinkConnection } from '../../../src/lib/netlink/connection.ts';
import { MalformedMessageError, NetlinkError } from '../../../src/lib/netlink/errors.ts';
import { findFamily, packGeneric, unpackGeneric } from '../../../src/lib/netlink/generic.ts';
import type { Message } from '../../../src/lib/netlink/message.ts';
import { ack, FakeTransport, type Kernel, refusal, reply } from '../../helpers/fake-transport.ts';
import { hex, toHex } from '../../helpers/hex.ts';

const GENL_ID_CTRL = 0x10;

function message(payload: Buffer): Message {
  return { type: 0x1c, flags: 0, sequence: 1, portId: 0, payload };
}

describe('a generic netlink message', () => {
  test.each([0, 1, 3])('of %i bytes has no room for its header', length => {
    expect(() => unpackGeneric(message(Buffer.alloc(length)))).toThrow(
      new MalformedMessageError(`a generic netlink header needs 4 bytes, ${length} are left`),
    );
  });

  test('with a torn attribute is malformed', () => {
    expect(() => unpackGeneric(message(hex('01 01 00 00', 'ff 00 01 00')))).toThrow(
      new MalformedMessageError('attribute 1 at offset 0 says 255 of 4 bytes'),
    );
  });

  test('starts with command and version', () => {
    expect(toHex(packGeneric(4, 1, new AttributeWriter().u16(1, 2)))).toBe(
      toHex(
        hex(
          '04', // cmd
          '01', // version
          '00 00', // reserved
          '06 00 01 00 02 00 00 00', // attribute 1
        ),
      ),
    );
  });

  test('is read back', () => {
    const u8 = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(u8, u8, fc.uint8Array({ maxLength: 20 }), (command, version, payload) => {
        const packed = packGeneric(command, version, new AttributeWriter().bytes(9, payload));
        const unpacked = unpackGeneric(message(packed));
        expect([unpacked.command, unpacked.version, unpacked.attributes.types()]).toEqual([
          command,
          version,
          [9],
        ]);
        expect(unpacked.attributes.get(9)?.payload).toEqual(Buffer.from(payload));
      }),
    );
  });
});

describe('a family is found by its name', () => {
  function find(kernel: Kernel): { found: () => number | undefined; transport: FakeTransport } {
    const transport = new FakeTransport(kernel);
    return { found: () => findFamily(new NetlinkConnection(transport), 'IPVS'), transport };
  }

  test('an acknowledgement without an answer is malformed', () => {
    expect(find(asked => [ack(asked)]).found).toThrow(
      new MalformedMessageError('no answer about netlink family IPVS'),
    );
  });

  test('an answer without the number is malformed', () => {
    const nameless = packGeneric(1, 2, new AttributeWriter().string(2, 'IPVS'));
    expect(find(asked => [reply(asked, GENL_ID_CTRL, nameless), ack(asked)]).found).toThrow(
      new MalformedMessageError('attribute CTRL_ATTR_FAMILY_ID (1) is missing'),
    );
  });

  test('a number of the wrong size is malformed', () => {
    const wide = packGeneric(1, 2, new AttributeWriter().u32(1, 0x1c));
    expect(find(asked => [reply(asked, GENL_ID_CTRL, wide), ack(asked)]).found).toThrow(
      new MalformedMessageError('attribute 1 is not a u16; length: 4'),
    );
  });

  test('a family that the kernel does not have is no error', () => {
    expect(find(asked => [refusal(asked, 2)]).found()).toBeUndefined();
  });

  test('any other refusal is one', () => {
    expect(find(asked => [refusal(asked, 12)]).found).toThrow(
      new NetlinkError('find netlink family IPVS', 12),
    );
  });

  test('the request names it, the answer numbers it', () => {
    const answer = packGeneric(1, 2, new AttributeWriter().string(2, 'IPVS').u16(1, 0x22).u32(3, 1));
    const { found, transport } = find(asked => [reply(asked, GENL_ID_CTRL, answer), ack(asked)]);
    expect(found()).toBe(0x22);
    expect(transport.sent.map(toHex)).toEqual([
      toHex(
        hex(
          '20 00 00 00', // nlmsg_len 32
          '10 00', // nlmsg_type GENL_ID_CTRL
          '05 00', // nlmsg_flags REQUEST | ACK
          '01 00 00 00', // nlmsg_seq
          '00 00 00 00', // nlmsg_pid
          '03', // CTRL_CMD_GETFAMILY
          '02', // version
          '00 00', // reserved
          '09 00', // nla_len
          '02 00', // CTRL_ATTR_FAMILY_NAME
          '49 50 56 53 00', // "IPVS"
          '00 00 00', // padding
        ),
      ),
    ]);
  });
});
