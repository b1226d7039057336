// How soon the kernel gives up on a silent TCP peer: keep-alive while nothing is in flight, TCP_USER_TIMEOUT while
// something is. Node offers the first; the second needs the socket's descriptor.
import type { Socket } from 'node:net';
import { setSocketOption } from './libc.ts';

// <netinet/in.h>, <netinet/tcp.h>
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;

export interface SilenceLimits {
  /** Silence before the first keep-alive probe; then one follows each second (Node sets TCP_KEEPINTVL to 1). */
  readonly keepAliveDelayMs: number;
  /** Data or probes that stay unanswered this long end the connection with ETIMEDOUT. */
  readonly userTimeoutMs: number;
}

/** For a connected socket. Throws LibcError, or ProxyError "addon-not-loadable" where native code cannot be loaded. */
export function limitSilence(socket: Socket, { keepAliveDelayMs, userTimeoutMs }: SilenceLimits): void {
  socket.setKeepAlive(true, keepAliveDelayMs);
  setSocketOption(descriptorOf(socket), IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeoutMs);
}

/** Node keeps the descriptor in the handle, which its types do not show. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0) throw new Error('a connected socket has no descriptor');
  return handle.fd;
}
