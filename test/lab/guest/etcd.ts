// The etcd of stand-ins that share one, with the leases of their addresses. It is reached over the scenario's network, so
// that one whose cable is out cannot renew its lease and hears of no change, as in a real cluster.
// Usage: etcd.mjs '{"port":2379,"apiserverPort":6443}'; JSON lines, see apiserver/remote-etcd.ts.
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { type Entry, Etcd } from './apiserver/etcd.ts';
import { Leases } from './apiserver/leases.ts';
import { HEARTBEAT_MS, type ToEtcd } from './apiserver/remote-etcd.ts';
import { endpointSlice, endpoints } from './apiserver/shapes.ts';

const { port, apiserverPort } = JSON.parse(process.argv[2] ?? '{}') as {
  port: number;
  apiserverPort: number;
};
const etcd = new Etcd();
const leases = new Leases(addresses => {
  const specs = addresses.map(address => ({ address }));
  etcd.write('endpointslices', endpointSlice(specs, apiserverPort));
  etcd.write('endpoints', endpoints(specs, apiserverPort));
});
const now = (): number => performance.now();
setInterval(() => leases.expire(now()), 100);

createServer(socket => {
  const send = (line: Entry | Record<string, never>) => void socket.write(`${JSON.stringify(line)}\n`);
  etcd.follow(send);
  const heartbeat = setInterval(() => send({}), HEARTBEAT_MS);
  socket.on('error', () => {});
  socket.on('close', () => {
    clearInterval(heartbeat);
    etcd.unfollow(send);
  });
  const lines = createInterface({ input: socket }).on('error', () => {}); // of a peer that crashed
  lines.on('line', line => {
    const { renew, revoke, write } = JSON.parse(line) as ToEtcd;
    if (renew !== undefined) leases.renew(renew, now());
    if (revoke !== undefined) leases.revoke(revoke, now());
    if (write !== undefined) etcd.write(write.resource, write.object, write.deleted);
  });
}).listen({ port, host: '::' }, () => console.log(JSON.stringify({ listening: port })));
