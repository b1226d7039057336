// Finds out about a lost peer within 30 s on connections that are silent for minutes: TCP keep-alive while nothing is
// in flight, TCP_USER_TIMEOUT while something is.
import https from 'node:https';
import type { Socket } from 'node:net';
import { setSocketOption } from '../native/libc.ts';

// <netinet/in.h>, <netinet/tcp.h>
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;

/** Silence before the first keep-alive probe; Node then sends one a second (TCP_KEEPINTVL). */
const KEEP_ALIVE_DELAY_MS = 10_000;
/** Sent data or probes that stay unanswered this long end the connection: 20 to 21 s after the last sign of life. */
const USER_TIMEOUT_MS = 20_000;

/** An agent with one kept-alive connection to a server, whose peer is watched. */
export function watchfulAgent(): https.Agent {
  const agent = new https.Agent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_DELAY_MS, maxSockets: 1 });
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = createConnection(options, callback) as Socket;
    socket.once('connect', () => limitSilence(socket));
    return socket;
  };
  return agent;
}

function limitSilence(socket: Socket): void {
  // Node keeps the descriptor in the handle, which its types do not show.
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0) return;
  try {
    setSocketOption(handle.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
  } catch {
    // No native code can be loaded here. Keep-alive alone gives up 20 s after the last sign of life as well
    // (10 probes); what is in flight is covered by the time limits of requests.
  }
}
