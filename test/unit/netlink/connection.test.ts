import { describe, expect, test } from 'vitest';
import { NetlinkConnection, type Request } from '../../../src/lib/netlink/connection.ts';
import { MalformedMessageError, NetlinkError, NetlinkTimeoutError } from '../../../src/lib/netlink/errors.ts';
import type { Message } from '../../../src/lib/netlink/message.ts';
import {
  ack,
  done,
  FakeTransport,
  type Kernel,
  multipart,
  refusal,
  reply,
  stale,
} from '../../helpers/fake-transport.ts';
import { hex } from '../../helpers/hex.ts';

const TYPE = 0x1c;
const request: Request = { operation: 'ask', type: TYPE, payload: hex('01 02 03') };
const entries = ['01', '02', '03', '04', '05'].map(digits => hex(digits));

function connect(kernel: Kernel): { connection: NetlinkConnection; transport: FakeTransport } {
  const transport = new FakeTransport(kernel);
  return { connection: new NetlinkConnection(transport), transport };
}

const payloads = (messages: Message[]): string[] => messages.map(({ payload }) => payload.toString('hex'));

describe('when the exchange goes wrong', () => {
  test('a kernel that stays silent is a timeout, not a wait for ever', () => {
    const { connection } = connect(() => []);
    expect(() => connection.request(request)).toThrow(
      new NetlinkTimeoutError('the fake kernel gave no answer'),
    );
  });

  test('a reply without its acknowledgement is a timeout', () => {
    const { connection } = connect(asked => [reply(asked, TYPE, hex('aa'))]);
    expect(() => connection.request(request)).toThrow(NetlinkTimeoutError);
  });

  test('a dump without its end is a timeout', () => {
    const { connection } = connect(asked => multipart(asked, TYPE, entries));
    expect(() => connection.dump(request)).toThrow(NetlinkTimeoutError);
  });

  test('bytes that are no message are named as such', () => {
    const { connection } = connect(() => [hex('00 01 02')]);
    expect(() => connection.request(request)).toThrow(
      new MalformedMessageError('a message header needs 16 bytes, 3 are left'),
    );
  });

  test('an overrun is not silently a shorter answer', () => {
    const { connection } = connect(asked => [reply(asked, 4, Buffer.alloc(0)), ack(asked)]);
    expect(() => connection.request(request)).toThrow(
      new MalformedMessageError('the kernel says that data was lost (NLMSG_OVERRUN)'),
    );
  });

  test('a verdict without errno is malformed, not a success', () => {
    const { connection } = connect(asked => [reply(asked, 2, hex('00 00'))]);
    expect(() => connection.request(request)).toThrow(
      new MalformedMessageError('NLMSG_ERROR has 2 bytes, its errno needs 4'),
    );
  });

  test.each([true, false])(
    "a refusal tells the operation, the errno and the kernel's words (capped: %s)",
    capped => {
      const { connection } = connect(asked => [
        refusal(asked, 22, { message: 'Invalid prefsrc address', offset: 44, capped }),
      ]);
      expect(() => connection.request(request)).toThrow(
        new NetlinkError('ask', 22, { kernelMessage: 'Invalid prefsrc address', offset: 44 }),
      );
    },
  );

  test('a refusal without words has only its errno', () => {
    const { connection } = connect(asked => [refusal(asked, 1)]);
    expect(() => connection.request(request)).toThrow(new NetlinkError('ask', 1));
  });

  test('a dump that fails half-way is an error, not a shorter table', () => {
    const { connection } = connect(asked => [
      ...multipart(asked, TYPE, entries),
      done(asked, 105, { message: 'no room' }),
    ]);
    expect(() => connection.dump(request)).toThrow(
      new NetlinkError('ask', 105, { kernelMessage: 'no room' }),
    );
  });

  test('a refused dump is an error', () => {
    const { connection } = connect(asked => [refusal(asked, 95)]);
    expect(() => connection.dump(request)).toThrow(new NetlinkError('ask', 95));
  });
});

describe('one request', () => {
  test('asks for an acknowledgement, and has port 0 as its sender', () => {
    const { connection, transport } = connect(asked => [ack(asked)]);
    expect(connection.request({ ...request, flags: 0x500 })).toEqual([]);
    expect(transport.requests).toEqual([
      { type: TYPE, flags: 0x505, sequence: 1, portId: 0, payload: request.payload },
    ]);
  });

  test('returns the replies that came before the acknowledgement', () => {
    const { connection, transport } = connect(asked => [reply(asked, TYPE, hex('aa')), ack(asked)]);
    expect(payloads(connection.request(request))).toEqual(['aa']);
    expect(transport.unread).toBe(0);
  });

  test('skips NLMSG_NOOP', () => {
    const { connection } = connect(asked => [
      reply(asked, 1, hex('ff')),
      reply(asked, TYPE, hex('aa')),
      ack(asked),
    ]);
    expect(payloads(connection.request(request))).toEqual(['aa']);
  });

  test('has a sequence number of its own', () => {
    const { connection, transport } = connect(asked => [ack(asked)]);
    for (let count = 0; count < 3; count++) connection.request(request);
    expect(transport.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  test('does not take the answer to an earlier request for its own, whatever it says', () => {
    const { connection } = connect(asked => [
      stale(reply(asked, TYPE, hex('dd'))),
      stale(refusal(asked, 1)),
      stale(ack(asked)),
      stale(done(asked, 5), 2),
      reply(asked, TYPE, hex('aa')),
      ack(asked),
    ]);
    expect(payloads(connection.request(request))).toEqual(['aa']);
  });

  test('leaves what a failed exchange did not read to be skipped by the next one', () => {
    let first = true;
    const { connection } = connect(asked => {
      const answers = first
        ? [refusal(asked, 16), reply(asked, TYPE, hex('dd')), ack(asked)]
        : [reply(asked, TYPE, hex('aa')), ack(asked)];
      first = false;
      return answers;
    });
    expect(() => connection.request(request)).toThrow('ask: EBUSY');
    expect(payloads(connection.request(request))).toEqual(['aa']);
  });
});

describe('a dump', () => {
  test('is read to its end over several datagrams, in order', () => {
    const { connection, transport } = connect(asked => [...multipart(asked, TYPE, entries), done(asked)]);
    expect(payloads(connection.dump(request))).toEqual(['01', '02', '03', '04', '05']);
    expect(transport.unread).toBe(0);
    expect(transport.requests).toEqual([
      { type: TYPE, flags: 0x301, sequence: 1, portId: 0, payload: request.payload },
    ]);
  });

  test('of an empty table is an empty list', () => {
    const { connection } = connect(asked => [done(asked)]);
    expect(connection.dump(request)).toEqual([]);
  });

  test('that a change interrupted is read again, as a whole', () => {
    let round = 0;
    const { connection, transport } = connect(asked => {
      round++;
      if (round === 1) return [...multipart(asked, TYPE, entries, { interrupted: true }), done(asked)];
      // Only its end says so: the change came after the last entry.
      if (round === 2)
        return [...multipart(asked, TYPE, entries), done(asked, 0, undefined, { interrupted: true })];
      return [...multipart(asked, TYPE, [hex('aa')]), done(asked)];
    });
    expect(payloads(connection.dump(request))).toEqual(['aa']);
    expect(transport.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  test('of a table that never rests is given up after five times', () => {
    const { connection, transport } = connect(asked => [
      ...multipart(asked, TYPE, entries, { interrupted: true }),
      done(asked),
    ]);
    expect(() => connection.dump(request)).toThrow(
      new NetlinkError('ask', 4, { kernelMessage: 'the table changed during each of 5 dumps' }),
    );
    expect(transport.requests).toHaveLength(5);
    expect(transport.unread).toBe(0);
  });

  test('is not interrupted by what an earlier dump said', () => {
    const { connection, transport } = connect(asked => [
      ...multipart(asked, TYPE, entries, { interrupted: true }).map(message => stale(message)),
      ...multipart(asked, TYPE, [hex('aa')]),
      done(asked),
    ]);
    expect(payloads(connection.dump(request))).toEqual(['aa']);
    expect(transport.requests).toHaveLength(1);
  });
});

test('closing a connection closes its transport', () => {
  const { connection, transport } = connect(() => []);
  connection.close();
  expect(transport.closed).toBe(true);
});

describe('a call that fails', () => {
  /** Answers as the fake does, after the errors. */
  function failing(call: 'send' | 'receive', codes: string[], kernel: Kernel) {
    const transport = new FakeTransport(kernel);
    const original = transport[call].bind(transport) as (datagram: Buffer) => never;
    transport[call] = ((datagram: Buffer) => {
      const code = codes.shift();
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      return original(datagram);
    }) as never;
    return { connection: new NetlinkConnection(transport), transport };
  }

  const REQUEST = { operation: 'list things', type: 0x20, payload: Buffer.alloc(4) };

  test.each(['send', 'receive'] as const)(
    '%s that a signal interrupts is made again, and the request is sent once',
    call => {
      const { connection, transport } = failing(call, ['EINTR', 'EINTR'], request => [ack(request)]);
      expect(connection.request(REQUEST)).toEqual([]);
      expect(transport.requests).toHaveLength(1);
    },
  );

  test('a signal with every call is an error, not a loop', () => {
    const { connection } = failing('receive', Array(100).fill('EINTR'), request => [ack(request)]);
    expect(() => connection.request(REQUEST)).toThrow('EINTR');
  });

  test('a dump of which the socket lost a part (ENOBUFS) is asked for again, five times at most', () => {
    const kernel: Kernel = request => [done(request)];
    expect(failing('receive', ['ENOBUFS', 'ENOBUFS'], kernel).connection.dump(REQUEST)).toEqual([]);
    const { connection, transport } = failing('receive', Array(100).fill('ENOBUFS'), kernel);
    expect(() => connection.dump(REQUEST)).toThrow('ENOBUFS');
    expect(transport.requests).toHaveLength(5);
  });

  test('a change of which the acknowledgement was lost is not made twice: the next pass looks', () => {
    const { connection, transport } = failing('receive', ['ENOBUFS'], request => [ack(request)]);
    expect(() => connection.request(REQUEST)).toThrow('ENOBUFS');
    expect(transport.requests).toHaveLength(1);
  });
});
