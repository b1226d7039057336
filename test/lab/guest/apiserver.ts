// A stand-in for kube-apiserver: the paths that the proxy asks for, over TLS, with every way of going wrong on demand.
// Usage: apiserver.mjs '{"name":"m1","port":6443,"pki":"DIR"}'; control by JSON lines on stdin, see apiserver/control.ts.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { listenToControl } from './apiserver/control.ts';
import { Objects } from './apiserver/objects.ts';
import { answer } from './apiserver/routes.ts';
import { newState } from './apiserver/state.ts';

const { name, port, pki } = JSON.parse(process.argv[2] ?? '{}') as {
  name: string;
  port: number;
  pki: string;
};
const state = newState(name);
const objects = new Objects(port);
const open = new Set<Socket>();

const server = createServer({
  cert: readFileSync(join(pki, 'server.crt')),
  key: readFileSync(join(pki, 'server.key')),
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
server.on('request', (request, response) => answer(state, objects, request, response));
server.listen({ port, host: '::' }, () => console.log(JSON.stringify({ listening: port })));

listenToControl(state, objects, () => open.size);

process.on('SIGTERM', () => {
  if (state.knobs.closesAtOnce) {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), state.knobs.gracefulMs);
    return;
  }
  // As the real one does with --shutdown-delay-duration: not ready at once, but serving for a while.
  state.knobs.readyz = 500;
  setTimeout(() => process.exit(0), state.knobs.gracefulMs);
});
