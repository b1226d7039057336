// Clients of a virtual IP, run in a network namespace. One JSON line on stdout per outcome, times on the machine's clock.
// Usage: client.mjs MODE '{"host":"10.99.0.1","port":6443,...}'; SIGTERM ends every mode.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { uptime } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { Outcome } from '../outcome.ts';

interface Config {
  host: string;
  port: number;
  ca: string;
  count: number;
  intervalMs: number;
  timeoutMs: number;
}

const mode = process.argv[2];
const config = JSON.parse(process.argv[3] ?? '{}') as Config;
const { host, port, count, intervalMs, timeoutMs } = config;
const ca = readFileSync(config.ca);
const keepAlive = mode === 'busy';
// Every connection is a full handshake.
const agent = new Agent({ keepAlive, ...(keepAlive && { maxSockets: 1 }), maxCachedSessions: 0 });
/** "::ffff:10.99.0.1" makes an IPv6 socket. Only there: Node keeps no connection for a request with this option. */
const mapped = host.startsWith('::ffff:') && {
  checkServerIdentity: (name: string, certificate: PeerCertificate): Error | undefined =>
    checkServerIdentity(name.replace('::ffff:', ''), certificate),
};

process.on('SIGTERM', () => process.exit(0));

/** One request; the outcome never rejects. `idle` reports when the answer has begun, and again when it breaks off. */
function ask(path: string): Promise<Outcome> {
  const at = uptime() * 1000;
  const started = performance.now();
  const after = (rest: Omit<Outcome, 'at' | 'ms'>): Outcome => ({
    ...{ at, ms: Math.round(performance.now() - started) },
    ...rest,
  });
  return new Promise(resolve => {
    const fail = (error: NodeJS.ErrnoException) =>
      resolve(after({ ok: false, error: error.code ?? error.message }));
    const timer = setTimeout(() => req.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })), timeoutMs);
    const req = request({ host, port, path, ca, agent, ...mapped }, response => {
      let body = '';
      if (path === '/stream') {
        clearTimeout(timer); // from here on it may wait for ever
        report(after({ ok: true }));
      }
      response.setEncoding('utf8').on('data', chunk => {
        body += chunk;
      });
      response.on('error', fail).on('end', () => {
        const named = path === '/whoami' || path.startsWith('/slow');
        const answer = response.statusCode === 200 && named ? JSON.parse(body) : {};
        resolve(after({ ok: response.statusCode === 200, status: response.statusCode, ...answer }));
      });
    });
    req.on('error', fail).on('close', () => clearTimeout(timer));
    req.end();
  });
}

function report(outcome: Outcome): void {
  console.log(JSON.stringify(outcome));
}

if (mode === 'requests') {
  for (let index = 0; index < count; index += 1) report(await ask('/whoami'));
} else if (mode === 'idle') {
  report(await ask('/stream'));
} else if (mode === 'slow') {
  report({ at: uptime() * 1000, ms: 0, ok: true }); // it is on its way
  report(await ask('/slow?ms=10000'));
} else {
  while (true) {
    const next = performance.now() + intervalMs;
    const asked = ask('/whoami').then(report);
    // Those that connect anew do not wait for one another.
    if (keepAlive) await asked;
    await delay(Math.max(0, next - performance.now()));
  }
}
process.exit(0);
