// Netlink messages (struct nlmsghdr): encode one request, split what the kernel sent into messages, and read the
// kernel's verdict (NLMSG_ERROR, NLMSG_DONE) with its extended acknowledgement.
//
//   struct nlmsghdr { __u32 nlmsg_len; __u16 nlmsg_type; __u16 nlmsg_flags; __u32 nlmsg_seq; __u32 nlmsg_pid; };
import { align, NLMSG_HDRLEN } from './align.ts';
import { readAttributes } from './attributes.ts';
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS } from './constants.ts';
import { MalformedMessageError } from './errors.ts';

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  readonly payload: Buffer;
}

export function packMessage(message: Message): Buffer {
  const length = NLMSG_HDRLEN + message.payload.length;
  const bytes = Buffer.alloc(align(length));
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt16LE(message.type, 4);
  bytes.writeUInt16LE(message.flags, 6);
  bytes.writeUInt32LE(message.sequence, 8);
  bytes.writeUInt32LE(message.portId, 12);
  bytes.set(message.payload, NLMSG_HDRLEN);
  return bytes;
}

/** All messages of one datagram. A dump sends many to a datagram, and many datagrams. */
export function unpackMessages(datagram: Buffer): Message[] {
  const messages: Message[] = [];
  let offset = 0;
  while (offset < datagram.length) {
    const left = datagram.length - offset;
    if (left < NLMSG_HDRLEN)
      throw new MalformedMessageError(`a message header needs 16 bytes, ${left} are left`);
    const length = datagram.readUInt32LE(offset);
    if (length < NLMSG_HDRLEN || length > left) {
      throw new MalformedMessageError(`a message says ${length} of ${left} bytes`);
    }
    messages.push({
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      portId: datagram.readUInt32LE(offset + 12),
      payload: datagram.subarray(offset + NLMSG_HDRLEN, offset + length),
    });
    offset += align(length);
  }
  return messages;
}

export interface Verdict {
  /** Positive errno; 0 = success. */
  readonly errno: number;
  readonly kernelMessage?: string;
  readonly offset?: number;
}

/**
 * struct nlmsgerr { int error; struct nlmsghdr msg; }, then the request's payload unless NLM_F_CAPPED, then the
 * extended acknowledgement if NLM_F_ACK_TLVS.
 */
export function unpackError(message: Message): Verdict {
  const { payload, flags } = message;
  const errno = leadingErrno(payload, 'NLMSG_ERROR');
  if ((flags & NLM_F_ACK_TLVS) === 0 || payload.length < 4 + NLMSG_HDRLEN) return { errno };
  const echoed = (flags & NLM_F_CAPPED) !== 0 ? NLMSG_HDRLEN : payload.readUInt32LE(4);
  if (echoed > payload.length - 4) return { errno };
  return { errno, ...unpackExtendedAck(payload.subarray(4 + align(echoed))) };
}

/** A dump ends with an errno as well: the kernel may fail half-way (netlink_dump_done in af_netlink.c). */
export function unpackDone(message: Message): Verdict {
  // Old families send NLMSG_DONE without a payload.
  if (message.payload.length < 4) return { errno: 0 };
  const errno = leadingErrno(message.payload, 'NLMSG_DONE');
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno };
  return { errno, ...unpackExtendedAck(message.payload.subarray(4)) };
}

function leadingErrno(payload: Buffer, what: string): number {
  if (payload.length < 4)
    throw new MalformedMessageError(`${what} has ${payload.length} bytes, its errno needs 4`);
  // The kernel sends negative numbers; Math.abs of 0 keeps -0 away.
  return Math.abs(payload.readInt32LE());
}

/** Best effort: an error with a torn explanation is still that error. */
function unpackExtendedAck(bytes: Buffer): Omit<Verdict, 'errno'> {
  try {
    const attributes = readAttributes(bytes);
    const text = attributes.get(NLMSGERR_ATTR_MSG)?.string();
    const offset = attributes.get(NLMSGERR_ATTR_OFFS)?.u32();
    return { ...(text !== undefined && { kernelMessage: text }), ...(offset !== undefined && { offset }) };
  } catch (error) {
    if (error instanceof MalformedMessageError) return {};
    throw error;
  }
}
