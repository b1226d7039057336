// One conversation with the kernel: sequence numbers, request and acknowledgement, multipart dumps.
//
// Deliberately synchronous. The kernel answers a netlink request inside the send call, so the reply is there when we
// read it: a round trip takes microseconds, and what was read is one consistent moment of this process.

import { errnoCode } from '../errors.ts';
import {
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  NLMSG_OVERRUN,
} from './constants.ts';
import { MalformedMessageError, NetlinkError } from './errors.ts';
import {
  type Message,
  packMessage,
  unpackDone,
  unpackError,
  unpackMessages,
  type Verdict,
} from './message.ts';
import type { Transport } from './transport.ts';

export interface Request {
  /** What an error message calls it, for example "add destination 10.0.0.1:6443". */
  readonly operation: string;
  readonly type: number;
  readonly payload: Buffer;
  /** NLM_F_CREATE, NLM_F_REPLACE, ...; REQUEST, ACK and DUMP are added here. */
  readonly flags?: number;
}

/** A dump that was interrupted by a change, or lost a part of its answer, is read again; one that always is, is a fault. */
const DUMP_ATTEMPTS = 5;
/** A signal may interrupt a call, and the next one as well; not for ever. */
const CALL_ATTEMPTS = 10;

export class NetlinkConnection {
  readonly #transport: Transport;
  #sequence = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  close(): void {
    this.#transport.close();
  }

  /** Sends one request and returns its replies (often none) once the kernel has acknowledged it. */
  request(request: Request): Message[] {
    const { replies } = this.#exchange(request, NLM_F_REQUEST | NLM_F_ACK | (request.flags ?? 0));
    return replies;
  }

  /** All entries of a table as it was at one moment. */
  dump(request: Request): Message[] {
    for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
      const answer = this.#tryDump(request, attempt === DUMP_ATTEMPTS);
      if (answer !== undefined && !answer.interrupted) return answer.replies;
    }
    throw new NetlinkError(request.operation, EINTR, {
      kernelMessage: `the table changed during each of ${DUMP_ATTEMPTS} dumps`,
    });
  }

  /** Undefined when the socket's buffer was too small for the answers (ENOBUFS): some are lost, and asking again is safe. */
  #tryDump(request: Request, isLast: boolean): { replies: Message[]; interrupted: boolean } | undefined {
    try {
      return this.#exchange(request, NLM_F_REQUEST | NLM_F_DUMP | (request.flags ?? 0));
    } catch (error) {
      if (isLast || errnoCode(error) !== 'ENOBUFS') throw error;
      return undefined;
    }
  }

  #exchange(request: Request, flags: number): { replies: Message[]; interrupted: boolean } {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    const message = packMessage({ type: request.type, flags, sequence, portId: 0, payload: request.payload });
    uninterrupted(() => this.#transport.send(message));
    const replies: Message[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of unpackMessages(uninterrupted(() => this.#transport.receive()))) {
        // An answer to an earlier request whose reading was cut short by an error.
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
        const verdict = verdictOf(message);
        if (verdict !== undefined) {
          if (verdict.errno !== 0) throw new NetlinkError(request.operation, verdict.errno, verdict);
          return { replies, interrupted };
        }
        if (message.type === NLMSG_NOOP) continue;
        replies.push(message);
      }
    }
  }
}

function uninterrupted<T>(call: () => T): T {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return call();
    } catch (error) {
      if (attempt === CALL_ATTEMPTS || errnoCode(error) !== 'EINTR') throw error;
    }
  }
}

/** EINTR of <asm-generic/errno-base.h>: what the kernel itself would say. */
const EINTR = 4;

/** The end of an exchange, or undefined when the message is one of its replies. */
function verdictOf(message: Message): Verdict | undefined {
  if (message.type === NLMSG_ERROR) return unpackError(message);
  if (message.type === NLMSG_DONE) return unpackDone(message);
  if (message.type === NLMSG_OVERRUN)
    throw new MalformedMessageError('the kernel says that data was lost (NLMSG_OVERRUN)');
  return undefined;
}
