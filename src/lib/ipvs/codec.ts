// IPVS entities to and from netlink attributes, in pack/unpack pairs. Knows nothing of sockets.
//
// Kernel history that the unpackers respect: destinations had no address family of their own before 3.18, 64-bit
// statistics came with 4.1, and later kernels add attributes (tunnels) that are ignored here.
import {
  AF_INET,
  AF_INET6,
  addressFromBytes,
  addressToBytes,
  familyNumber,
  familyOf,
} from '../model/address.ts';
import { type AttributeMap, AttributeWriter } from '../netlink/attributes.ts';
import { MalformedMessageError } from '../netlink/errors.ts';
import * as k from './constants.ts';
import type {
  DestinationConfig,
  DestinationEntry,
  DestinationId,
  Forwarding,
  IpvsInfo,
  ServiceConfig,
  ServiceEntry,
  ServiceId,
  Stats,
} from './types.ts';

/** union nf_inet_addr: room for IPv6, IPv4 stands in the first four bytes. */
const INET_ADDR_BYTES = 16;

export function packServiceId(service: ServiceId): AttributeWriter {
  return new AttributeWriter()
    .u16(k.IPVS_SVC_ATTR_AF, familyNumber(service.address))
    .u16(k.IPVS_SVC_ATTR_PROTOCOL, k.IPPROTO_TCP)
    .bytes(k.IPVS_SVC_ATTR_ADDR, packInetAddress(service.address))
    .u16be(k.IPVS_SVC_ATTR_PORT, service.port);
}

/** All that NEW_SERVICE and SET_SERVICE require (ip_vs_genl_parse_service, full_entry). */
export function packService(service: ServiceId & ServiceConfig): AttributeWriter {
  return packServiceId(service)
    .string(k.IPVS_SVC_ATTR_SCHED_NAME, service.scheduler)
    .bytes(k.IPVS_SVC_ATTR_FLAGS, packFlags(service.flags))
    .u32(k.IPVS_SVC_ATTR_TIMEOUT, service.timeoutS)
    .bytes(k.IPVS_SVC_ATTR_NETMASK, packHostNetmask(service.address));
}

/** Undefined for a service that we cannot name: by firewall mark, or not TCP. */
export function unpackService(attributes: AttributeMap): ServiceEntry | undefined {
  if (attributes.get(k.IPVS_SVC_ATTR_FWMARK) !== undefined) return undefined;
  if (attributes.require(k.IPVS_SVC_ATTR_PROTOCOL, 'IPVS_SVC_ATTR_PROTOCOL').u16() !== k.IPPROTO_TCP)
    return undefined;
  const family = attributes.require(k.IPVS_SVC_ATTR_AF, 'IPVS_SVC_ATTR_AF').u16();
  const flags = attributes.require(k.IPVS_SVC_ATTR_FLAGS, 'IPVS_SVC_ATTR_FLAGS').bytes(8).readUInt32LE(0);
  return {
    address: unpackInetAddress(
      attributes.require(k.IPVS_SVC_ATTR_ADDR, 'IPVS_SVC_ATTR_ADDR').bytes(INET_ADDR_BYTES),
      family,
    ),
    port: attributes.require(k.IPVS_SVC_ATTR_PORT, 'IPVS_SVC_ATTR_PORT').u16be(),
    scheduler: attributes.get(k.IPVS_SVC_ATTR_SCHED_NAME)?.string() ?? '',
    flags: (flags & ~k.IP_VS_SVC_F_HASHED) >>> 0,
    timeoutS: attributes.require(k.IPVS_SVC_ATTR_TIMEOUT, 'IPVS_SVC_ATTR_TIMEOUT').u32(),
    stats: unpackStats(attributes, k.IPVS_SVC_ATTR_STATS64, k.IPVS_SVC_ATTR_STATS),
  };
}

export function packDestinationId(destination: DestinationId): AttributeWriter {
  return new AttributeWriter()
    .u16(k.IPVS_DEST_ATTR_ADDR_FAMILY, familyNumber(destination.address))
    .bytes(k.IPVS_DEST_ATTR_ADDR, packInetAddress(destination.address))
    .u16be(k.IPVS_DEST_ATTR_PORT, destination.port);
}

/** All that NEW_DEST and SET_DEST require; thresholds of 0 mean "no limit". */
export function packDestination(destination: DestinationId & DestinationConfig): AttributeWriter {
  return packDestinationId(destination)
    .u32(k.IPVS_DEST_ATTR_FWD_METHOD, FORWARDING_NUMBER[destination.forwarding])
    .u32(k.IPVS_DEST_ATTR_WEIGHT, destination.weight)
    .u32(k.IPVS_DEST_ATTR_U_THRESH, 0)
    .u32(k.IPVS_DEST_ATTR_L_THRESH, 0);
}

/** `serviceFamily` (AF_*) is the destination's where the kernel does not say. */
export function unpackDestination(attributes: AttributeMap, serviceFamily: number): DestinationEntry {
  const family = attributes.get(k.IPVS_DEST_ATTR_ADDR_FAMILY)?.u16() ?? serviceFamily;
  const forwarding = attributes.require(k.IPVS_DEST_ATTR_FWD_METHOD, 'IPVS_DEST_ATTR_FWD_METHOD').u32();
  return {
    address: unpackInetAddress(
      attributes.require(k.IPVS_DEST_ATTR_ADDR, 'IPVS_DEST_ATTR_ADDR').bytes(INET_ADDR_BYTES),
      family,
    ),
    port: attributes.require(k.IPVS_DEST_ATTR_PORT, 'IPVS_DEST_ATTR_PORT').u16be(),
    weight: attributes.require(k.IPVS_DEST_ATTR_WEIGHT, 'IPVS_DEST_ATTR_WEIGHT').i32(),
    forwarding: forwardingName(forwarding & k.IP_VS_CONN_F_FWD_MASK),
    activeConnections: attributes.require(k.IPVS_DEST_ATTR_ACTIVE_CONNS, 'IPVS_DEST_ATTR_ACTIVE_CONNS').u32(),
    inactiveConnections: attributes.require(k.IPVS_DEST_ATTR_INACT_CONNS, 'IPVS_DEST_ATTR_INACT_CONNS').u32(),
    stats: unpackStats(attributes, k.IPVS_DEST_ATTR_STATS64, k.IPVS_DEST_ATTR_STATS),
  };
}

export function unpackInfo(attributes: AttributeMap): IpvsInfo {
  const version = attributes.require(k.IPVS_INFO_ATTR_VERSION, 'IPVS_INFO_ATTR_VERSION').u32();
  return {
    // #define NVERSION(version) (version >> 16) & 0xFF, (version >> 8) & 0xFF, version & 0xFF
    version: `${(version >> 16) & 0xff}.${(version >> 8) & 0xff}.${version & 0xff}`,
    connectionTableSize: attributes
      .require(k.IPVS_INFO_ATTR_CONN_TAB_SIZE, 'IPVS_INFO_ATTR_CONN_TAB_SIZE')
      .u32(),
  };
}

function packInetAddress(address: string): Buffer {
  const bytes = Buffer.alloc(INET_ADDR_BYTES);
  bytes.set(addressToBytes(address));
  return bytes;
}

function unpackInetAddress(bytes: Buffer, family: number): string {
  if (family === AF_INET) return addressFromBytes(bytes.subarray(0, 4));
  if (family === AF_INET6) return addressFromBytes(bytes);
  throw new MalformedMessageError(`address family ${family} is neither AF_INET nor AF_INET6`);
}

// struct ip_vs_flags { __u32 flags; __u32 mask; }: the mask says which bits of the service are set from flags.
function packFlags(flags: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(flags, 0);
  bytes.writeUInt32LE(0xffffffff, 4);
  return bytes;
}

/** The granularity of persistence, one host: a mask for IPv4 (big-endian), a prefix length for IPv6 (host order). */
function packHostNetmask(address: string): Buffer {
  const bytes = Buffer.alloc(4);
  if (familyOf(address) === 'ipv4') bytes.writeUInt32BE(0xffffffff);
  else bytes.writeUInt32LE(128);
  return bytes;
}

const FORWARDING_NUMBER: Record<Forwarding, number> = {
  masquerade: 0,
  local: 1,
  tunnel: 2,
  route: 3,
  bypass: 4,
};

function forwardingName(number: number): Forwarding {
  for (const [name, value] of Object.entries(FORWARDING_NUMBER)) {
    if (value === number) return name as Forwarding;
  }
  throw new MalformedMessageError(`forwarding method ${number} is unknown`);
}

/** 64-bit counters where the kernel has them; the 32-bit ones overflow on a busy node within hours. */
function unpackStats(attributes: AttributeMap, type64: number, type32: number): Stats {
  const wide = attributes.get(type64)?.nested();
  if (wide !== undefined) return readStats(type => wide.get(type)?.u64() ?? 0n);
  const narrow = attributes.get(type32)?.nested();
  return readStats(type => {
    const attribute = narrow?.get(type);
    if (attribute === undefined) return 0n;
    // Bytes were 64 bits wide from the start (IPVS_STATS_ATTR_INBYTES, _OUTBYTES).
    return attribute.payload.length === 8 ? attribute.u64() : BigInt(attribute.u32());
  });
}

function readStats(counter: (type: number) => bigint): Stats {
  return {
    connections: counter(k.IPVS_STATS_ATTR_CONNS),
    inPackets: counter(k.IPVS_STATS_ATTR_INPKTS),
    outPackets: counter(k.IPVS_STATS_ATTR_OUTPKTS),
    inBytes: counter(k.IPVS_STATS_ATTR_INBYTES),
    outBytes: counter(k.IPVS_STATS_ATTR_OUTBYTES),
    connectionsPerSecond: counter(k.IPVS_STATS_ATTR_CPS),
    inPacketsPerSecond: counter(k.IPVS_STATS_ATTR_INPPS),
    outPacketsPerSecond: counter(k.IPVS_STATS_ATTR_OUTPPS),
    inBytesPerSecond: counter(k.IPVS_STATS_ATTR_INBPS),
    outBytesPerSecond: counter(k.IPVS_STATS_ATTR_OUTBPS),
  };
}
