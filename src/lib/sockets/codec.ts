// One request of the sock_diag family: destroy a TCP socket of this network namespace, named by its addresses.
import { addressToBytes, familyNumber, type HostPort } from '../model/address.ts';

/** <linux/sock_diag.h> */
export const SOCK_DESTROY = 21;

const IPPROTO_TCP = 6;
/** <linux/inet_diag.h>: any socket with these addresses, whatever its cookie. */
const INET_DIAG_NOCOOKIE = 0xffffffff;

// struct inet_diag_req_v2 { __u8 sdiag_family, sdiag_protocol, idiag_ext, pad; __u32 idiag_states;
//   struct inet_diag_sockid { __be16 sport, dport; __be32 src[4], dst[4]; __u32 if; __u32 cookie[2]; } id; };
const REQUEST_BYTES = 56;

export function packDestroy(local: HostPort, remote: HostPort): Buffer {
  const bytes = Buffer.alloc(REQUEST_BYTES);
  bytes.writeUInt8(familyNumber(local.address), 0);
  bytes.writeUInt8(IPPROTO_TCP, 1);
  // All states (idiag_states is not looked at when one socket is named, but the kernel's own tools set it).
  bytes.writeUInt32LE(0xffffffff, 4);
  bytes.writeUInt16BE(local.port, 8);
  bytes.writeUInt16BE(remote.port, 10);
  bytes.set(addressToBytes(local.address), 12);
  bytes.set(addressToBytes(remote.address), 28);
  bytes.writeUInt32LE(INET_DIAG_NOCOOKIE, 48);
  bytes.writeUInt32LE(INET_DIAG_NOCOOKIE, 52);
  return bytes;
}
