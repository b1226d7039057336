// The two ways in which talking to the kernel fails: it said no, or its answer could not be understood.
import { getSystemErrorName } from 'node:util';

/** Bytes that do not form the message or attribute that was expected. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/**
 * The kernel refused a request. `code` is the errno's name ("EPERM"); `kernelMessage` and `offset` come from the
 * extended acknowledgement, where the kernel gave one (include/uapi/linux/netlink.h, enum nlmsgerr_attrs).
 */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  readonly operation: string;
  readonly errno: number;
  readonly code: string;
  readonly kernelMessage: string | undefined;
  /** Offset of the attribute that the kernel disliked, in bytes from the start of our request. */
  readonly offset: number | undefined;

  constructor(operation: string, errno: number, extended: { kernelMessage?: string; offset?: number } = {}) {
    const code = errnoName(errno);
    const detail = extended.kernelMessage === undefined ? '' : `: ${extended.kernelMessage}`;
    super(`${operation}: ${code}${detail}`);
    this.operation = operation;
    this.errno = errno;
    this.code = code;
    this.kernelMessage = extended.kernelMessage;
    this.offset = extended.offset;
  }
}

/** The kernel did not answer within the socket's receive timeout. */
export class NetlinkTimeoutError extends Error {
  override readonly name = 'NetlinkTimeoutError';
  readonly code = 'ETIMEDOUT';
}

function errnoName(errno: number): string {
  // libuv does not know every number (the kernel's own ENOTSUPP, 524); the number itself is then the best name.
  const name = getSystemErrorName(-errno);
  return name.startsWith('Unknown') ? `errno ${errno}` : name;
}

export function isNetlinkError(error: unknown, ...codes: string[]): error is NetlinkError {
  return error instanceof NetlinkError && (codes.length === 0 || codes.includes(error.code));
}
