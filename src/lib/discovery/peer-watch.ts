// Finds out about a lost peer within 30 s on connections that are silent for minutes.
import https from 'node:https';
import type { Socket } from 'node:net';
import { limitSilence, type SilenceLimits } from '../native/tcp.ts';

/** A peer is given up 20 to 21 s after its last sign of life. */
const LIMITS: SilenceLimits = { keepAliveDelayMs: 10_000, userTimeoutMs: 20_000 };

/** An agent with one kept-alive connection to a server, whose peer is watched. */
export function watchfulAgent(): https.Agent {
  const agent = new https.Agent({ keepAlive: true, keepAliveMsecs: LIMITS.keepAliveDelayMs, maxSockets: 1 });
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = createConnection(options, callback) as Socket;
    socket.once('connect', () => limitSilence(socket, LIMITS));
    return socket;
  };
  return agent;
}
