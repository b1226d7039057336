// Who ended an idle TLS connection. A process that closes it says farewell (the alert close_notify) before the FIN; the kernel
// of one that was killed, or crashed, sends the FIN alone.
import type { TLSSocket } from 'node:tls';

/** Stands for an errno, as "FIN" does. */
export const FAREWELL = 'CLOSE_NOTIFY';

/** Node decrypts an alert and does not show it; that something came can be told from the bytes of the connection below. */
export function bytesBelow(socket: TLSSocket): number {
  const { _handle: handle } = socket as TLSSocket & { _handle?: { _parent?: { bytesRead?: number } } };
  return handle?._parent?.bytesRead ?? 0;
}
