// One request of the nfnetlink subsystem ctnetlink: the entry of a TCP connection, found by its original direction. IPVS
// writes the real server into the entry's reply direction (ip_vs_update_conntrack, net/netfilter/ipvs/ip_vs_nfct.c).
import { addressFromBytes, addressToBytes, familyNumber, familyOf, type HostPort } from '../model/address.ts';
import { AttributeWriter, readAttributes } from '../netlink/attributes.ts';
import { MalformedMessageError } from '../netlink/errors.ts';

// <linux/netfilter/nfnetlink.h>, <linux/netfilter/nfnetlink_conntrack.h>
const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_GET = 1;
export const CONNTRACK_GET = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;

// struct nfgenmsg { __u8 nfgen_family, version; __be16 res_id; };
const NFGENMSG_BYTES = 4;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V4_DST = 2;
const CTA_IP_V6_SRC = 3;
const CTA_IP_V6_DST = 4;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;

const IPPROTO_TCP = 6;

/** Asks for the connection from `client` to `remote`; both of one family. */
export function packGet(client: HostPort, remote: HostPort): Buffer {
  const isV6 = familyOf(remote.address) === 'ipv6';
  const ip = new AttributeWriter()
    .bytes(isV6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, addressToBytes(client.address))
    .bytes(isV6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, addressToBytes(remote.address));
  const protocol = new AttributeWriter()
    .u8(CTA_PROTO_NUM, IPPROTO_TCP)
    .u16be(CTA_PROTO_SRC_PORT, client.port)
    .u16be(CTA_PROTO_DST_PORT, remote.port);
  const tuple = new AttributeWriter().nest(CTA_TUPLE_IP, ip).nest(CTA_TUPLE_PROTO, protocol);
  const header = Buffer.alloc(NFGENMSG_BYTES);
  header.writeUInt8(familyNumber(remote.address), 0);
  return Buffer.concat([header, new AttributeWriter().nest(CTA_TUPLE_ORIG, tuple).toBuffer()]);
}

/** Who answers: the source of the reply direction. Throws MalformedMessageError. */
export function unpackAnswerer(payload: Buffer): HostPort {
  if (payload.length < NFGENMSG_BYTES) {
    throw new MalformedMessageError(
      `struct nfgenmsg needs ${NFGENMSG_BYTES} bytes, ${payload.length} are left`,
    );
  }
  const reply = readAttributes(payload.subarray(NFGENMSG_BYTES))
    .require(CTA_TUPLE_REPLY, 'CTA_TUPLE_REPLY')
    .nested();
  const ip = reply.require(CTA_TUPLE_IP, 'CTA_TUPLE_IP').nested();
  const protocol = reply.require(CTA_TUPLE_PROTO, 'CTA_TUPLE_PROTO').nested();
  const source = ip.get(CTA_IP_V4_SRC)?.bytes(4) ?? ip.require(CTA_IP_V6_SRC, 'CTA_IP_V6_SRC').bytes(16);
  return {
    address: addressFromBytes(source),
    port: protocol.require(CTA_PROTO_SRC_PORT, 'CTA_PROTO_SRC_PORT').u16be(),
  };
}
