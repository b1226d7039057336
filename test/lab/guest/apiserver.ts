// A stand-in for kube-apiserver: the paths that the proxy asks for, over TLS, with every way of going wrong on demand.
// Usage: apiserver.mjs '{"name":"m1","port":6443,"pki":"DIR"}'; control by JSON lines on stdin, see apiserver/control.ts.
// With "etcd":"HOST:PORT" and "address" it shares what it knows with others, and is named as a master while it lives.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listenToControl } from './apiserver/control.ts';
import { RemoteEtcd } from './apiserver/remote-etcd.ts';
import { createStandIn } from './apiserver/server.ts';

const { name, port, pki, etcd, address } = JSON.parse(process.argv[2] ?? '{}') as {
  name: string;
  port: number;
  pki: string;
  etcd?: string;
  address?: string;
};
const shared = etcd === undefined ? undefined : new RemoteEtcd(etcd, address ?? '');
const tls = { cert: readFileSync(join(pki, 'server.crt')), key: readFileSync(join(pki, 'server.key')) };
const standIn = createStandIn(name, port, tls, shared);
const { server, state } = standIn;
await shared?.synced;
server.listen({ port, host: '::' }, () => {
  shared?.join();
  console.log(JSON.stringify({ listening: port }));
});

listenToControl(standIn);

process.on('SIGTERM', async () => {
  await shared?.leave();
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
