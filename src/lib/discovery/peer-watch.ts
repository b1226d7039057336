// Connections to apiservers: whom they accept, and finding out about a lost peer within 30 s while they are silent.
import https from 'node:https';
import type { Socket } from 'node:net';
import { apiserverIdentity } from '../model/apiserver-name.ts';
import { limitSilence, type SilenceLimits } from '../native/tcp.ts';

/** A peer is given up 20 to 21 s after its last sign of life. */
const LIMITS: SilenceLimits = { keepAliveDelayMs: 10_000, userTimeoutMs: 20_000 };

/**
 * An agent with one kept-alive connection to a server, whose peer is watched. Whom a certificate may name is said here, as Node
 * uses no connection a second time whose request says so (v24).
 */
export function watchfulAgent(): https.Agent {
  const agent = new https.Agent({ keepAlive: true, keepAliveMsecs: LIMITS.keepAliveDelayMs, maxSockets: 1 });
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const { servername, host } = options as https.RequestOptions;
    const checkServerIdentity = apiserverIdentity(servername || undefined, host ?? '');
    const socket = createConnection({ ...options, checkServerIdentity }, callback) as Socket;
    socket.once('connect', () => limitSilence(socket, LIMITS));
    return socket;
  };
  return agent;
}
