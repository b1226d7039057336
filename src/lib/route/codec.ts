// Routes and addresses to and from rtnetlink messages. Knows nothing of sockets.
import { addressFromBytes, addressToBytes, familyNumber } from '../model/address.ts';
import { align } from '../netlink/align.ts';
import { AttributeWriter, readAttributes } from '../netlink/attributes.ts';
import { MalformedMessageError } from '../netlink/errors.ts';
import * as k from './constants.ts';

/** The local route of an address: packets to it are delivered to this host, which is where IPVS picks them up. */
export interface LocalRoute {
  readonly destination: string;
  /** Preferred source of connections to it; undefined = the kernel chooses. */
  readonly source?: string | undefined;
  /** The largest segment that connections to it announce, in bytes; undefined = by the MTU of lo, which is 65536. */
  readonly advmss?: number | undefined;
}

/** A route as the kernel reports it. */
export interface RouteEntry {
  readonly type: number;
  /** As the kernel says it, which is not always where the route is: see isLocalRoute. */
  readonly table: number;
  readonly protocol: number;
  readonly prefixLength: number;
  /** Undefined for a default route. */
  readonly destination?: string | undefined;
  readonly source: string | undefined;
  readonly deviceIndex: number | undefined;
  /** Where the route itself has one, or path MTU discovery found one. */
  readonly mtu?: number | undefined;
  readonly advmss?: number | undefined;
}

/** sizeof(struct rtmsg) */
const RTMSG_BYTES = 12;
/** sizeof(struct ifinfomsg) */
const IFINFOMSG_BYTES = 16;
/** sizeof(struct ifaddrmsg) */
const IFADDRMSG_BYTES = 8;

/** `ip route ... local ADDRESS dev lo src SOURCE table local proto 66 advmss ADVMSS` */
export function packLocalRoute(route: LocalRoute): Buffer {
  const destination = addressToBytes(route.destination);
  const attributes = new AttributeWriter()
    .bytes(k.RTA_DST, destination)
    .u32(k.RTA_OIF, k.LOOPBACK_IFINDEX)
    .u32(k.RTA_TABLE, k.RT_TABLE_LOCAL);
  if (route.source !== undefined) attributes.bytes(k.RTA_PREFSRC, addressToBytes(route.source));
  if (route.advmss !== undefined)
    attributes.bytes(k.RTA_METRICS, new AttributeWriter().u32(k.RTAX_ADVMSS, route.advmss).toBuffer());
  const header = {
    family: familyNumber(route.destination),
    prefixLength: destination.length * 8,
    table: k.RT_TABLE_LOCAL,
    protocol: k.RTPROT_BCS_APISERVER_PROXY,
    scope: k.RT_SCOPE_HOST,
    type: k.RTN_LOCAL,
  };
  return Buffer.concat([packRtmsg(header), attributes.toBuffer()]);
}

/** `ip route get ADDRESS` (with fibmatch where `flags` has RTM_F_FIB_MATCH). */
export function packRouteQuery(address: string, flags: number): Buffer {
  const destination = addressToBytes(address);
  const header = packRtmsg({ family: familyNumber(address), prefixLength: destination.length * 8, flags });
  return Buffer.concat([header, new AttributeWriter().bytes(k.RTA_DST, destination).toBuffer()]);
}

/** `ip route show table local type local` of the address's family, where the kernel filters dumps. */
export function packLocalTableQuery(address: string): Buffer {
  const header = { table: k.RT_TABLE_LOCAL, type: k.RTN_LOCAL, prefixLength: 0 };
  return packRtmsg({ family: familyNumber(address), ...header });
}

export function unpackRoute(payload: Buffer): RouteEntry {
  if (payload.length < RTMSG_BYTES) {
    throw new MalformedMessageError(`struct rtmsg needs ${RTMSG_BYTES} bytes, ${payload.length} are left`);
  }
  const attributes = readAttributes(payload.subarray(RTMSG_BYTES));
  const source = attributes.get(k.RTA_PREFSRC);
  const destination = attributes.get(k.RTA_DST);
  const metrics = readAttributes(attributes.get(k.RTA_METRICS)?.payload ?? Buffer.alloc(0));
  return {
    prefixLength: payload.readUInt8(1),
    table: attributes.get(k.RTA_TABLE)?.u32() ?? payload.readUInt8(4),
    protocol: payload.readUInt8(5),
    type: payload.readUInt8(7),
    destination: destination && unpackAddress(destination.payload),
    source: source && unpackAddress(source.payload),
    deviceIndex: attributes.get(k.RTA_OIF)?.u32(),
    mtu: metrics.get(k.RTAX_MTU)?.u32(),
    advmss: metrics.get(k.RTAX_ADVMSS)?.u32(),
  };
}

/** `ip link show` of one device. */
export function packLinkQuery(deviceIndex: number): Buffer {
  // struct ifinfomsg { u8 ifi_family, pad; u16 ifi_type; i32 ifi_index; u32 ifi_flags, ifi_change; };
  const bytes = Buffer.alloc(IFINFOMSG_BYTES);
  bytes.writeInt32LE(deviceIndex, 4);
  return bytes;
}

export function unpackLinkMtu(payload: Buffer): number | undefined {
  if (payload.length < IFINFOMSG_BYTES) {
    throw new MalformedMessageError(
      `struct ifinfomsg needs ${IFINFOMSG_BYTES} bytes, ${payload.length} are left`,
    );
  }
  return readAttributes(payload.subarray(IFINFOMSG_BYTES)).get(k.IFLA_MTU)?.u32();
}

/** `ip address show` of both families. */
export function packAddressQuery(): Buffer {
  return Buffer.alloc(IFADDRMSG_BYTES);
}

/** The address itself; on a point-to-point link IFA_ADDRESS is the peer's, so IFA_LOCAL goes first. */
export function unpackHostAddress(payload: Buffer): string | undefined {
  if (payload.length < IFADDRMSG_BYTES) {
    throw new MalformedMessageError(
      `struct ifaddrmsg needs ${IFADDRMSG_BYTES} bytes, ${payload.length} are left`,
    );
  }
  const attributes = readAttributes(payload.subarray(IFADDRMSG_BYTES));
  const address = attributes.get(k.IFA_LOCAL) ?? attributes.get(k.IFA_ADDRESS);
  return address && unpackAddress(address.payload);
}

interface RtmsgFields {
  readonly family: number;
  readonly prefixLength: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly type?: number;
  readonly flags?: number;
}

// struct rtmsg { unsigned char rtm_family, rtm_dst_len, rtm_src_len, rtm_tos, rtm_table, rtm_protocol, rtm_scope,
//                rtm_type; unsigned rtm_flags; };
function packRtmsg(fields: RtmsgFields): Buffer {
  const bytes = Buffer.alloc(align(RTMSG_BYTES));
  bytes.writeUInt8(fields.family, 0);
  bytes.writeUInt8(fields.prefixLength, 1);
  bytes.writeUInt8(fields.table ?? 0, 4);
  bytes.writeUInt8(fields.protocol ?? 0, 5);
  bytes.writeUInt8(fields.scope ?? 0, 6);
  bytes.writeUInt8(fields.type ?? 0, 7);
  bytes.writeUInt32LE(fields.flags ?? 0, 8);
  return bytes;
}

function unpackAddress(bytes: Buffer): string {
  if (bytes.length === 4 || bytes.length === 16) return addressFromBytes(bytes);
  throw new MalformedMessageError(`an address has 4 or 16 bytes, not ${bytes.length}`);
}
