// The load of 1,000 nodes' probes on one master, with the interval of before (2 s) and the default (10 s): the daemon's own
// prober and pace against a TLS server in a process of its own, which counts. Over loopback. Prints, asserts nothing.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../src/lib/clock.ts';
import { DEFAULT_ACCEPTED, type Evidence } from '../src/lib/health/evidence.ts';
import { nextProbeInMs } from '../src/lib/health/pace.ts';
import { newHealth, score } from '../src/lib/health/scoreboard.ts';
import { APISERVER_NAME } from '../src/lib/model/apiserver-name.ts';
import { ProbeConnection } from '../src/lib/probe/connection.ts';
import { Prober } from '../src/lib/probe/prober.ts';
import { certificates } from '../test/lab/pki.ts';

const NODES = 1000;
const SECONDS = 60;
const THRESHOLDS = { rise: 2, fall: 2 };

interface Count {
  readonly requests: number;
  readonly handshakes: number;
  /** Of the server's process. */
  readonly cpuSeconds: number;
}

function serve(pki: string): void {
  let [requests, handshakes] = [0, 0];
  const server = createServer(
    {
      key: readFileSync(join(pki, 'server.key')),
      cert: readFileSync(join(pki, 'server.crt')),
      keepAliveTimeout: 0,
    },
    (_request, response) => {
      requests += 1;
      response.end('ok');
    },
  );
  server.on('secureConnection', () => {
    handshakes += 1;
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
    process.send?.({ port: (server.address() as AddressInfo).port }),
  );
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ requests, handshakes, cpuSeconds: (user + system) / 1e6 } satisfies Count);
  });
}

async function ask(server: ChildProcess): Promise<Count> {
  server.send('count');
  const [count] = await once(server, 'message');
  return count as Count;
}

/** One node's prober, as daemon/candidates.ts runs it. */
function startNode(port: number, intervalMs: number): Prober {
  const target = { address: '127.0.0.1', port };
  let health = newHealth(systemClock.now());
  const tls = () => ({ ca: undefined, serverName: APISERVER_NAME });
  const settings = { path: '/readyz', accepted: DEFAULT_ACCEPTED, tls };
  const prober = new Prober({
    open: onLost => new ProbeConnection(target, settings, onLost),
    clock: systemClock,
    limitMs: 1000,
    nextInMs: (last: Evidence) =>
      nextProbeInMs(health, last, { intervalMs, thresholds: THRESHOLDS, held: false, random: Math.random() }),
    onEvidence: evidence => {
      health = score(health, evidence, THRESHOLDS, systemClock.now());
    },
  });
  prober.start();
  return prober;
}

async function measure(intervalMs: number): Promise<string> {
  const server = fork(import.meta.filename, [certificates()]);
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const probers: Prober[] = [];
  for (let node = 0; node < NODES; node += 1) {
    probers.push(startNode(port, intervalMs));
    await delay(10);
  }
  // Until they have all settled into their pace.
  await delay(intervalMs * 1.5);
  const before = await ask(server);
  await delay(SECONDS * 1000);
  const after = await ask(server);
  for (const prober of probers) prober.stop();
  server.kill();
  const perSecond = (after.requests - before.requests) / SECONDS;
  const cpu = ((after.cpuSeconds - before.cpuSeconds) / SECONDS) * 100;
  const cells = [perSecond.toFixed(1), String(after.handshakes - before.handshakes), `${cpu.toFixed(1)} %`];
  return [`${intervalMs / 1000} s`.padStart(8), ...cells.map(cell => cell.padStart(14))].join('');
}

const [, , pki] = process.argv;
if (pki !== undefined) serve(pki);
else {
  console.log(`${NODES} nodes, ${SECONDS} s: interval | requests a second | handshakes | CPU of the server`);
  for (const intervalMs of [2000, 10_000]) console.log(await measure(intervalMs));
}
