// One stand-in: its HTTPS server, what it knows, and what it counts.
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Store } from './etcd.ts';
import { Objects } from './objects.ts';
import { answer } from './routes.ts';
import { newState, type State } from './state.ts';

export interface StandIn {
  readonly server: Server;
  readonly state: State;
  readonly objects: Objects;
  readonly open: ReadonlySet<Socket>;
}

/** `port` is what its endpoints say. */
export function createStandIn(name: string, port: number, tls: ServerOptions, store?: Store): StandIn {
  const state = newState(name);
  const objects = new Objects(port, store);
  const open = new Set<Socket>();
  const server = createServer({
    ...tls,
    keepAliveTimeout: 0, // a kube-apiserver does not close idle connections either
    requestTimeout: 0,
  });
  server.on('connection', (socket: Socket) => {
    state.counters.connections += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
  });
  server.on('secureConnection', () => {
    state.counters.handshakes += 1;
  });
  server.on('tlsClientError', () => {
    state.counters.handshakeErrors += 1;
  });
  server.on('request', (request, response) => {
    // Go's server closes a connection behind the answer that was in flight when it began to shut down.
    response.once('finish', () => server.listening || request.socket.end());
    answer(state, objects, request, response);
  });
  return { server, state, objects, open };
}
