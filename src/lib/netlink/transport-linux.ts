// The real transport: an AF_NETLINK socket. Only opening it needs native code; on its descriptor plain read(2) and
// write(2) work, and a write to an unconnected netlink socket goes to the kernel (port 0).
import { closeSync, readSync, writeSync } from 'node:fs';
import { errnoCode } from '../errors.ts';
import { openSocket, setSocketOption } from '../native/libc.ts';
import {
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  SOL_NETLINK,
} from './constants.ts';
import { NetlinkTimeoutError } from './errors.ts';
import type { Transport } from './transport.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;

/** The kernel answers inside the request; a wait means that it lost the answer. Long enough for a stalled host. */
const RECEIVE_TIMEOUT_S = 2;

/** A dump's datagrams have at most 32 KiB (NLMSG_GOODSIZE, netlink_recvmsg), so none is cut. */
const RECEIVE_BYTES = 64 * 1024;

export function openNetlinkTransport(protocol: number): Transport {
  const fd = openSocket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  try {
    setSocketOption(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(RECEIVE_TIMEOUT_S));
    setSocketOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
    setSocketOption(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
    if (protocol === NETLINK_ROUTE) haveDumpsFiltered(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return new LinuxTransport(fd);
}

/** The kernel sends the routes of the table that is asked for, and not all that a node has (Linux 4.20). */
function haveDumpsFiltered(fd: number): void {
  try {
    setSocketOption(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
  } catch (error) {
    if (errnoCode(error) !== 'ENOPROTOOPT') throw error;
  }
}

class LinuxTransport implements Transport {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(RECEIVE_BYTES);

  constructor(fd: number) {
    this.#fd = fd;
  }

  send(datagram: Buffer): void {
    writeSync(this.#fd, datagram);
  }

  receive(): Buffer {
    try {
      const length = readSync(this.#fd, this.#buffer);
      // A copy: replies outlive the next receive.
      return Buffer.from(this.#buffer.subarray(0, length));
    } catch (error) {
      if (errnoCode(error) !== 'EAGAIN') throw error;
      throw new NetlinkTimeoutError(`the kernel gave no netlink answer within ${RECEIVE_TIMEOUT_S} s`);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

// struct timeval { long tv_sec; long tv_usec; };
function timeval(seconds: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64LE(BigInt(seconds), 0);
  return bytes;
}
