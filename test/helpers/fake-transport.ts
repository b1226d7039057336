// A kernel made of bytes: the lowest seam of everything that talks netlink. A test gives a function from the request to
// the messages that the kernel would answer; they are packed, put into datagrams as the kernel does, and read back by
// the code under test.
//
//   const transport = new FakeTransport(request => [...multipart(request, FAMILY, [one, two]), done(request)]);
//   const connection = new NetlinkConnection(transport);
import { NLMSG_HDRLEN } from '../../src/lib/netlink/align.ts';
import { AttributeWriter } from '../../src/lib/netlink/attributes.ts';
import {
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP_INTR,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
} from '../../src/lib/netlink/constants.ts';
import { NetlinkTimeoutError } from '../../src/lib/netlink/errors.ts';
import { type Message, packMessage, unpackMessages } from '../../src/lib/netlink/message.ts';
import type { Transport } from '../../src/lib/netlink/transport.ts';

/** A message, or a datagram as it is (for bytes that are no message). Nothing at all is a kernel that stays silent. */
export type Answer = Message | Buffer;

export type Kernel = (request: Message) => readonly Answer[];

/** The port that the kernel gave to our socket; every answer carries it. */
export const OUR_PORT = 4711;

export class FakeTransport implements Transport {
  /** What was sent, in order. */
  readonly requests: Message[] = [];
  /** What was sent, as bytes. */
  readonly sent: Buffer[] = [];
  closed = false;
  readonly #kernel: Kernel;
  #datagrams: Buffer[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Datagrams that nobody has read. */
  get unread(): number {
    return this.#datagrams.length;
  }

  send(datagram: Buffer): void {
    if (this.closed) throw new Error('send on a closed transport');
    const [request, ...more] = unpackMessages(datagram);
    if (request === undefined || more.length > 0) throw new Error('one request, one datagram');
    this.requests.push(request);
    this.sent.push(datagram);
    this.#datagrams.push(...datagramsOf(this.#kernel(request)));
  }

  receive(): Buffer {
    if (this.closed) throw new Error('receive on a closed transport');
    const datagram = this.#datagrams.shift();
    if (datagram === undefined) throw new NetlinkTimeoutError('the fake kernel gave no answer');
    return datagram;
  }

  close(): void {
    this.closed = true;
  }
}

/** The parts of a dump share datagrams, but never all of them one: code that reads once must fail. */
function datagramsOf(answers: readonly Answer[]): Buffer[] {
  const datagrams: Buffer[] = [];
  let parts: Buffer[] = [];
  const flush = (): void => {
    const half = Math.ceil(parts.length / 2);
    for (const group of [parts.slice(0, half), parts.slice(half)]) {
      if (group.length > 0) datagrams.push(Buffer.concat(group));
    }
    parts = [];
  };
  for (const answer of answers) {
    if (!Buffer.isBuffer(answer) && (answer.flags & NLM_F_MULTI) !== 0) {
      parts.push(packMessage(answer));
      continue;
    }
    flush();
    datagrams.push(Buffer.isBuffer(answer) ? answer : packMessage(answer));
  }
  flush();
  return datagrams;
}

/** One reply that is not part of a dump. */
export function reply(request: Message, type: number, payload: Buffer): Message {
  return { type, flags: 0, sequence: request.sequence, portId: OUR_PORT, payload };
}

export interface DumpOptions {
  /** The table changed meanwhile: NLM_F_DUMP_INTR on every part. */
  readonly interrupted?: boolean;
}

/** The entries of a dump; `done` ends it. */
export function multipart(
  request: Message,
  type: number,
  payloads: readonly Buffer[],
  { interrupted = false }: DumpOptions = {},
): Message[] {
  const flags = NLM_F_MULTI | (interrupted ? NLM_F_DUMP_INTR : 0);
  return payloads.map(payload => ({ ...reply(request, type, payload), flags }));
}

export interface ExtendedAck {
  readonly message?: string;
  readonly offset?: number;
}

/** NLMSG_DONE; a dump that fails half-way ends with an errno (positive here). */
export function done(
  request: Message,
  errno = 0,
  extended?: ExtendedAck,
  options: DumpOptions = {},
): Message {
  const flags =
    NLM_F_MULTI |
    (options.interrupted === true ? NLM_F_DUMP_INTR : 0) |
    (extended === undefined ? 0 : NLM_F_ACK_TLVS);
  const payload = Buffer.concat([negative(errno), packExtendedAck(extended ?? {})]);
  return { ...reply(request, NLMSG_DONE, payload), flags };
}

/** NLMSG_ERROR with errno 0. */
export function ack(request: Message): Message {
  return refusal(request, 0);
}

export interface RefusalOptions extends ExtendedAck {
  /** Whether the kernel leaves the request's payload out (NETLINK_CAP_ACK); it always does for an acknowledgement. */
  readonly capped?: boolean;
}

/** NLMSG_ERROR with a positive errno, the echo of the request, and what the kernel has to say about it. */
export function refusal(request: Message, errno: number, options: RefusalOptions = {}): Message {
  const capped = options.capped ?? true;
  const extended = options.message !== undefined || options.offset !== undefined;
  const echo = packMessage(request);
  const payload = Buffer.concat([
    negative(errno),
    capped ? echo.subarray(0, NLMSG_HDRLEN) : echo,
    packExtendedAck(options),
  ]);
  const flags = (capped ? NLM_F_CAPPED : 0) | (extended ? NLM_F_ACK_TLVS : 0);
  return { ...reply(request, NLMSG_ERROR, payload), flags };
}

/** The same message as the answer to a request that was sent `ago` requests earlier. */
export function stale(message: Message, ago = 1): Message {
  return { ...message, sequence: (message.sequence - ago) >>> 0 };
}

function packExtendedAck({ message, offset }: ExtendedAck): Buffer {
  const attributes = new AttributeWriter();
  if (message !== undefined) attributes.string(NLMSGERR_ATTR_MSG, message);
  if (offset !== undefined) attributes.u32(NLMSGERR_ATTR_OFFS, offset);
  return attributes.toBuffer();
}

function negative(errno: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(errno === 0 ? 0 : -errno);
  return bytes;
}
