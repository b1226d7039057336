// What one look of daemon/traffic.ts costs: sock_diag's list of the connections to the VIP, while other programs have few or
// many sockets open towards the same port. On this host's own kernel, over loopback. Prints, asserts nothing.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { nextLookInMs } from '../src/lib/health/allowance.ts';
import { NetlinkConnection } from '../src/lib/netlink/connection.ts';
import { NETLINK_SOCK_DIAG } from '../src/lib/netlink/constants.ts';
import { openNetlinkTransport } from '../src/lib/netlink/transport-linux.ts';
import { NetlinkSocketClient } from '../src/lib/sockets/client.ts';

const PORT = 16_443;
const VIP = { address: '127.9.9.9', port: PORT };
/** Both ends of a connection are in one process. */
const PER_PROCESS = 5000;
const LOOKS = 200;

async function listen(address: string): Promise<Server> {
  const server = createServer().listen({ host: address, port: PORT, backlog: 4096 });
  await once(server, 'listening');
  return server;
}

async function open(address: string, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = connect({ host: address, port: PORT });
    await once(socket, 'connect');
    sockets.push(socket);
  }
  return sockets;
}

/** A program with so many connections, of which the daemon wants to know nothing. */
async function runOther([address = '', count = '0']: readonly string[]): Promise<void> {
  await listen(address);
  await open(address, Number(count));
  process.send?.('open');
}

async function startOthers(count: number): Promise<ChildProcess[]> {
  const children: ChildProcess[] = [];
  for (let begun = 0; begun < count; begun += PER_PROCESS) {
    const address = `127.8.0.${children.length + 1}`;
    children.push(fork(import.meta.filename, [address, String(Math.min(PER_PROCESS, count - begun))]));
  }
  await Promise.all(children.map(child => once(child, 'message')));
  return children;
}

async function measure(): Promise<void> {
  const server = await listen(VIP.address);
  const ours = await open(VIP.address, 20);
  const sockets = new NetlinkSocketClient(new NetlinkConnection(openNetlinkTransport(NETLINK_SOCK_DIAG)));
  console.log(
    '20 connections to the VIP; sockets of others | one look, median and worst (ms) | share of a core',
  );
  for (const count of [10, 1000, 50_000]) {
    // Two ends each.
    const others = await startOthers(count / 2);
    const costs = Array.from({ length: LOOKS }, () => {
      const startedAt = performance.now();
      if (sockets.traffic(VIP).length < ours.length) throw new Error('a connection is missing');
      return performance.now() - startedAt;
    }).toSorted((a, b) => a - b);
    const median = costs[LOOKS / 2] ?? 0;
    // Without anything left of the allowance.
    const share = (median / (nextLookInMs(-median) + median)) * 100;
    const cells = [median.toFixed(2), (costs.at(-1) ?? 0).toFixed(2), `${share.toFixed(2)} %`];
    console.log([String(count).padStart(8), ...cells.map(cell => cell.padStart(10))].join(''));
    for (const child of others) child.kill();
    await Promise.all(others.map(child => once(child, 'exit')));
  }
  for (const socket of ours) socket.destroy();
  server.close();
}

const [, , ...args] = process.argv;
await (args.length === 0 ? measure() : runOther(args));
