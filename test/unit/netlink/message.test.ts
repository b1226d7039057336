import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedMessageError } from '../../../src/lib/netlink/errors.ts';
import {
  type Message,
  packMessage,
  unpackDone,
  unpackError,
  unpackMessages,
} from '../../../src/lib/netlink/message.ts';
import { done, refusal } from '../../helpers/fake-transport.ts';
import { hex, toHex } from '../../helpers/hex.ts';

const malformed = (message: string) => new MalformedMessageError(message);

/** A message of the kernel's; a test names what matters to it. */
function message(fields: Partial<Message> = {}): Message {
  return { type: 2, flags: 0, sequence: 1, portId: 0, payload: Buffer.alloc(0), ...fields };
}

describe('a malformed datagram is refused with what it says and what there is', () => {
  test.each([
    {
      rule: 'a header that is cut',
      bytes: hex('10 00 00 00 02 00 00 00 01 00 00 00 00 00 00'),
      message: 'a message header needs 16 bytes, 15 are left',
    },
    {
      rule: 'a length of 0 would never end',
      bytes: hex(
        '00 00 00 00', // nlmsg_len
        '02 00', // nlmsg_type
        '00 00', // nlmsg_flags
        '01 00 00 00', // nlmsg_seq
        '00 00 00 00', // nlmsg_pid
      ),
      message: 'a message says 0 of 16 bytes',
    },
    {
      rule: 'a length below the header',
      bytes: hex('0f 00 00 00', '02 00', '00 00', '01 00 00 00', '00 00 00 00'),
      message: 'a message says 15 of 16 bytes',
    },
    {
      rule: 'a length past the end',
      bytes: hex('11 00 00 00', '02 00', '00 00', '01 00 00 00', '00 00 00 00'),
      message: 'a message says 17 of 16 bytes',
    },
    {
      rule: 'the largest length there is',
      bytes: hex('ff ff ff ff', '02 00', '00 00', '01 00 00 00', '00 00 00 00'),
      message: 'a message says 4294967295 of 16 bytes',
    },
    {
      rule: 'rubbish behind a good message',
      bytes: hex('10 00 00 00', '03 00', '00 00', '01 00 00 00', '00 00 00 00', 'ff ff ff ff'),
      message: 'a message header needs 16 bytes, 4 are left',
    },
  ])('$rule', ({ bytes, message: text }) => {
    expect(() => unpackMessages(bytes)).toThrow(malformed(text));
  });

  test('a verdict without its errno', () => {
    expect(() => unpackError(message({ payload: hex('ff ff ff') }))).toThrow(
      malformed('NLMSG_ERROR has 3 bytes, its errno needs 4'),
    );
  });
});

describe('a datagram is split into its messages', () => {
  test('an empty one has none', () => {
    expect(unpackMessages(Buffer.alloc(0))).toEqual([]);
  });

  test('a payload is padded between messages, and its padding is not payload', () => {
    const bytes = hex(
      '13 00 00 00', // nlmsg_len 19
      '1c 00', // nlmsg_type
      '02 00', // nlmsg_flags NLM_F_MULTI
      '07 00 00 00', // nlmsg_seq
      '67 12 00 00', // nlmsg_pid
      'aa bb cc', // payload
      '00', // padding
      '10 00 00 00', // nlmsg_len 16
      '03 00', // nlmsg_type NLMSG_DONE
      '02 00', // nlmsg_flags
      '07 00 00 00', // nlmsg_seq
      '67 12 00 00', // nlmsg_pid
    );
    expect(unpackMessages(bytes)).toEqual([
      { type: 0x1c, flags: 2, sequence: 7, portId: 0x1267, payload: hex('aa bb cc') },
      { type: 3, flags: 2, sequence: 7, portId: 0x1267, payload: Buffer.alloc(0) },
    ]);
  });

  test('the last message may come without its padding', () => {
    const bytes = hex('11 00 00 00', '1c 00', '00 00', '01 00 00 00', '00 00 00 00', 'aa');
    expect(unpackMessages(bytes)).toEqual([message({ type: 0x1c, payload: hex('aa') })]);
  });

  test('a message is packed with its unpadded length', () => {
    const packed = packMessage({
      type: 0x1c,
      flags: 0x305,
      sequence: 0xfffffffe,
      portId: 0,
      payload: hex('08 01 00 00 ff'),
    });
    expect(toHex(packed)).toBe(
      toHex(
        hex(
          '15 00 00 00', // nlmsg_len 21
          '1c 00', // nlmsg_type
          '05 03', // nlmsg_flags REQUEST | ACK | DUMP
          'fe ff ff ff', // nlmsg_seq
          '00 00 00 00', // nlmsg_pid
          '08 01 00 00 ff', // payload
          '00 00 00', // padding
        ),
      ),
    );
  });

  const anyMessage: fc.Arbitrary<Message> = fc.record({
    type: fc.integer({ min: 0, max: 0xffff }),
    flags: fc.integer({ min: 0, max: 0xffff }),
    sequence: fc.integer({ min: 0, max: 0xffffffff }),
    portId: fc.integer({ min: 0, max: 0xffffffff }),
    payload: fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
  });

  test('any messages in one datagram are read back', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 6 }), messages => {
        expect(unpackMessages(Buffer.concat(messages.map(packMessage)))).toEqual(messages);
      }),
    );
  });
});

describe('NLMSG_ERROR', () => {
  /** The request that the errors below answer: 24 bytes. */
  const request = message({ type: 0x1c, flags: 5, payload: hex('02 01 00 00', '04 00 01 80') });

  test('errno 0 is an acknowledgement', () => {
    const payload = hex(
      '00 00 00 00', // error
      '18 00 00 00', // echoed nlmsg_len
      '1c 00', // nlmsg_type
      '05 00', // nlmsg_flags
      '01 00 00 00', // nlmsg_seq
      '00 00 00 00', // nlmsg_pid
    );
    expect(unpackError(message({ flags: 0x100, payload }))).toEqual({ errno: 0 });
  });

  test('the errno is negative on the wire and positive here', () => {
    expect(unpackError(message({ payload: hex('ff ff ff ff') }))).toEqual({ errno: 1 });
    expect(unpackError(message({ payload: hex('ea ff ff ff') }))).toEqual({ errno: 22 });
    expect(unpackError(message({ payload: hex('00 00 00 80') }))).toEqual({ errno: 2147483648 });
  });

  test('the explanation follows the echoed header when the echo is capped', () => {
    const payload = hex(
      'ea ff ff ff', // error -EINVAL
      '18 00 00 00', // echoed nlmsg_len 24, of which only the header is here
      '1c 00', // nlmsg_type
      '05 00', // nlmsg_flags
      '01 00 00 00', // nlmsg_seq
      '00 00 00 00', // nlmsg_pid
      '08 00', // nla_len
      '02 00', // NLMSGERR_ATTR_OFFS
      '14 00 00 00', // 20
      '08 00', // nla_len
      '01 00', // NLMSGERR_ATTR_MSG
      '6e 6f 21 00', // "no!"
    );
    expect(unpackError(message({ flags: 0x300, payload }))).toEqual({
      errno: 22,
      kernelMessage: 'no!',
      offset: 20,
    });
  });

  test('the explanation follows the echoed request when it is not capped', () => {
    const payload = hex(
      'ea ff ff ff', // error -EINVAL
      '16 00 00 00', // echoed nlmsg_len 22
      '1c 00', // nlmsg_type
      '05 00', // nlmsg_flags
      '01 00 00 00', // nlmsg_seq
      '00 00 00 00', // nlmsg_pid
      '02 01 00 00 04 00', // echoed payload
      '00 00', // its padding
      '08 00', // nla_len
      '01 00', // NLMSGERR_ATTR_MSG
      '6e 6f 21 00', // "no!"
    );
    expect(unpackError(message({ flags: 0x200, payload }))).toEqual({ errno: 22, kernelMessage: 'no!' });
  });

  test('without NLM_F_ACK_TLVS what follows is not an explanation', () => {
    const { payload } = refusal(request, 22, { message: 'Invalid prefsrc address' });
    expect(unpackError(message({ flags: 0x100, payload }))).toEqual({ errno: 22 });
  });

  test('an error stays that error when its explanation is torn', () => {
    const { payload, flags } = refusal(request, 22, { message: 'Invalid prefsrc address' });
    for (let length = 4; length < payload.length - 4; length++) {
      expect(unpackError(message({ flags, payload: payload.subarray(0, length) }))).toEqual({ errno: 22 });
    }
  });

  test.each(['ff ff ff ff', 'f4 ff ff ff', 'f0 ff ff ff', 'fc ff ff 7f', '00 01 00 00'])(
    'an error stays that error when the echo claims %s bytes',
    length => {
      const payload = Buffer.concat([
        hex('ea ff ff ff', length, '1c 00', '05 00', '01 00 00 00', '00 00 00 00'),
        hex('08 00', '01 00', '6e 6f 21 00'),
      ]);
      expect(unpackError(message({ flags: 0x200, payload }))).toEqual({ errno: 22 });
    },
  );

  test('an explanation without its NUL, or with an offset of the wrong size, is left out', () => {
    const echo = hex('ea ff ff ff', '10 00 00 00', '1c 00', '05 00', '01 00 00 00', '00 00 00 00');
    const unterminated = hex('08 00', '01 00', '6e 6f 21 21');
    const short = hex('06 00', '02 00', '14 00 00 00');
    for (const attributes of [unterminated, short]) {
      expect(unpackError(message({ flags: 0x300, payload: Buffer.concat([echo, attributes]) }))).toEqual({
        errno: 22,
      });
    }
  });

  test('any explanation is read back, capped or not', () => {
    const text = fc.string({ unit: 'grapheme' }).filter(value => !value.includes('\0'));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4095 }),
        text,
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.boolean(),
        fc.uint8Array({ maxLength: 50 }),
        (errno, kernelMessage, offset, capped, payload) => {
          const asked = message({ type: 0x1c, payload: Buffer.from(payload) });
          const answer = refusal(asked, errno, { message: kernelMessage, offset, capped });
          expect(unpackError(answer)).toEqual({ errno, kernelMessage, offset });
        },
      ),
    );
  });
});

describe('NLMSG_DONE', () => {
  test('without a payload it is a success, as old families send it', () => {
    expect(unpackDone(message({ type: 3 }))).toEqual({ errno: 0 });
    expect(unpackDone(message({ type: 3, payload: hex('ff ff ff') }))).toEqual({ errno: 0 });
  });

  test('it carries an errno of its own, and may explain it', () => {
    expect(unpackDone(message({ type: 3, payload: hex('00 00 00 00') }))).toEqual({ errno: 0 });
    expect(unpackDone(message({ type: 3, payload: hex('f4 ff ff ff') }))).toEqual({ errno: 12 });
    expect(unpackDone(done(message(), 105, { message: 'too much', offset: 4 }))).toEqual({
      errno: 105,
      kernelMessage: 'too much',
      offset: 4,
    });
  });

  test('without NLM_F_ACK_TLVS what follows is not an explanation', () => {
    const { payload } = done(message(), 105, { message: 'too much' });
    expect(unpackDone(message({ type: 3, payload }))).toEqual({ errno: 105 });
  });
});
