// Two requests of sock_diag, about TCP sockets of this network namespace: list those that are connected to a port, with what
// the kernel knows of their traffic; destroy the one that is named by its addresses.
//
// The list is asked for by the older of the two requests that there are: it lists the sockets of both families in one walk
// through the kernel's table, which is most of what a list costs. The newer one names a family, and the kernel walks twice.
import { AF_INET, addressFromBytes, addressToBytes, familyNumber, type HostPort } from '../model/address.ts';
import { AttributeWriter, readAttributes } from '../netlink/attributes.ts';
import { MalformedMessageError } from '../netlink/errors.ts';

/** <linux/inet_diag.h>, <linux/sock_diag.h> */
export const TCPDIAG_GETSOCK = 18;
export const SOCK_DESTROY = 21;

const IPPROTO_TCP = 6;
/** <net/tcp_states.h> */
const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
const ALL_STATES = 0xffffffff;
// struct inet_diag_sockid { __be16 sport, dport; __be32 src[4], dst[4]; __u32 if; __u32 cookie[2]; };
// struct inet_diag_req_v2 { __u8 family, protocol, ext, pad; __u32 states; struct inet_diag_sockid id; };
const DESTROY_BYTES = 56;
// struct inet_diag_req { __u8 family, src_len, dst_len, ext; struct inet_diag_sockid id; __u32 states; __u32 dbs; };
const LIST_BYTES = 60;
/** <linux/inet_diag.h> */
const INET_DIAG_INFO = 2;
const INET_DIAG_REQ_BYTECODE = 1;
const INET_DIAG_BC_D_COND = 8;

/** A socket, not merely its addresses, which another one may have a moment later. */
export interface SocketId {
  readonly local: HostPort;
  /** The kernel's own number of it, 8 bytes. */
  readonly cookie: Buffer;
}

export function packDestroy({ local, cookie }: SocketId, remote: HostPort): Buffer {
  const bytes = Buffer.alloc(DESTROY_BYTES);
  bytes.writeUInt8(familyNumber(local.address), 0);
  bytes.writeUInt8(IPPROTO_TCP, 1);
  // Not looked at when one socket is named, but the kernel's own tools set it.
  bytes.writeUInt32LE(ALL_STATES, 4);
  bytes.writeUInt16BE(local.port, 8);
  bytes.writeUInt16BE(remote.port, 10);
  bytes.set(addressToBytes(local.address), 12);
  bytes.set(addressToBytes(remote.address), 28);
  bytes.set(cookie, 48);
  return bytes;
}

/** Sockets of both families: one of IPv6 may have an IPv4 connection. */
export function packListEstablished(remote: HostPort): Buffer {
  return packList(remote, 1 << TCP_ESTABLISHED, 0);
}

/** The same, those that are only connecting included, each with its struct tcp_info. */
export function packListTraffic(remote: HostPort): Buffer {
  // Extensions are asked for by a bit mask.
  return packList(remote, (1 << TCP_ESTABLISHED) | (1 << TCP_SYN_SENT), 1 << (INET_DIAG_INFO - 1));
}

function packList(remote: HostPort, states: number, extensions: number): Buffer {
  const bytes = Buffer.alloc(LIST_BYTES);
  bytes.writeUInt8(extensions, 3);
  bytes.writeUInt16BE(remote.port, 6);
  bytes.writeUInt32LE(states, 52);
  const filter = new AttributeWriter().bytes(INET_DIAG_REQ_BYTECODE, packConnectedTo(remote));
  return Buffer.concat([bytes, filter.toBuffer()]);
}

// struct inet_diag_bc_op { unsigned char code, yes; unsigned short no; };
const OPERATION_BYTES = 4;
// struct inet_diag_hostcond { __u8 family, prefix_len; int port; __be32 addr[]; };
const HOST_CONDITION_BYTES = 8;

/** A program of one operation that the kernel runs on each socket, so that sockets of other programs cost it little. */
function packConnectedTo({ address, port }: HostPort): Buffer {
  const ip = addressToBytes(address);
  const length = OPERATION_BYTES + HOST_CONDITION_BYTES + ip.length;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt8(INET_DIAG_BC_D_COND, 0);
  // Where to go on: at the end, which accepts, or beyond it, which refuses.
  bytes.writeUInt8(length, 1);
  bytes.writeUInt16LE(length + OPERATION_BYTES, 2);
  bytes.writeUInt8(familyNumber(address), 4);
  bytes.writeUInt8(ip.length * 8, 5);
  bytes.writeInt32LE(port, 8);
  bytes.set(ip, OPERATION_BYTES + HOST_CONDITION_BYTES);
  return bytes;
}

export interface Socket extends SocketId {
  readonly remote: HostPort;
}

// struct inet_diag_msg { __u8 idiag_family, idiag_state, idiag_timer, idiag_retrans;
//   struct inet_diag_sockid id; __u32 idiag_expires, idiag_rqueue, idiag_wqueue, idiag_uid, idiag_inode; };

const MESSAGE_BYTES = 72;

/** An IPv4 connection of an IPv6 socket has IPv4 addresses here, as everywhere else. */
export function unpackSocket(payload: Buffer): Socket {
  if (payload.length < MESSAGE_BYTES) {
    throw new MalformedMessageError(
      `struct inet_diag_msg needs ${MESSAGE_BYTES} bytes, ${payload.length} are left`,
    );
  }
  const isV4 = payload.readUInt8(0) === AF_INET;
  const addressAt = (offset: number): string => {
    const bytes = payload.subarray(offset, offset + 16);
    if (isV4) return addressFromBytes(bytes.subarray(0, 4));
    return addressFromBytes(isMapped(bytes) ? bytes.subarray(12) : bytes);
  };
  return {
    local: { address: addressAt(8), port: payload.readUInt16BE(4) },
    remote: { address: addressAt(24), port: payload.readUInt16BE(6) },
    cookie: payload.subarray(44, 52),
  };
}

/** What the kernel knows of a socket's traffic; ages in milliseconds. */
export interface Traffic {
  readonly state: number;
  /** Timeouts in a row for the oldest segment that is not acknowledged. */
  readonly retransmits: number;
  readonly unackedSegments: number;
  readonly sinceSentMs: number;
  /** Since the handshake where nothing was received yet. */
  readonly sinceReceivedMs: number;
  /** Smoothed, from the handshake on; 0 where none was measured yet. */
  readonly roundTripMs: number;
  readonly bytesReceived: bigint;
}

// struct tcp_info of <linux/tcp.h>: __u8 tcpi_state, ca_state, retransmits, ... at 0; __u32 unacked at 24,
//   last_data_sent at 44, last_data_recv at 52, rtt (microseconds) at 68; __u64 bytes_received at 128 (since Linux 4.1). Later kernels append to it.
const TCP_INFO_BYTES = 136;

/** Undefined where the kernel gave none: a socket that is being closed. */
export function unpackTraffic(payload: Buffer): Traffic | undefined {
  if (payload.length < MESSAGE_BYTES) return undefined;
  const info = readAttributes(payload.subarray(MESSAGE_BYTES)).get(INET_DIAG_INFO)?.payload;
  if (info === undefined || info.length < TCP_INFO_BYTES) return undefined;
  return {
    state: payload.readUInt8(1),
    retransmits: info.readUInt8(2),
    unackedSegments: info.readUInt32LE(24),
    sinceSentMs: info.readUInt32LE(44),
    sinceReceivedMs: info.readUInt32LE(52),
    roundTripMs: info.readUInt32LE(68) / 1000,
    bytesReceived: info.readBigUInt64LE(128),
  };
}

/** ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */
function isMapped(bytes: Buffer): boolean {
  return bytes.subarray(0, 12).equals(MAPPED);
}

const MAPPED = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
