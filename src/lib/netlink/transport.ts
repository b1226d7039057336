// What a netlink connection needs of a socket. The one real implementation is transport-linux.ts; tests answer bytes.

export interface Transport {
  /** Sends one datagram to the kernel. */
  send(datagram: Buffer): void;
  /** The next datagram, whole. Throws NetlinkTimeoutError when none comes in time. */
  receive(): Buffer;
  close(): void;
}
