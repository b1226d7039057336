// One kept-alive HTTPS connection to a master, and the kernel as its sentinel: TCP keep-alive finds out about a lost
// peer within 2 to 3 s, at no cost for the apiserver. HTTP/1.1, because apiservers answer every anonymous HTTP/2
// request with GOAWAY.

import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { errnoCode } from '../errors.ts';
import { judgeFailure, judgeStatus, type Outcome } from '../health/outcome.ts';
import type { HostPort } from '../model/address.ts';
import { limitSilence, type SilenceLimits } from '../native/tcp.ts';
import type { ProbeChannel } from './channel.ts';

export interface TlsSettings {
  /** PEM; undefined = the master is not verified (there is no CA to verify it with). */
  readonly ca: string | undefined;
  readonly serverName: string;
  /** Credentials; sent only over a verified connection. */
  readonly token?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface ProbeSettings {
  /** "/readyz" */
  readonly path: string;
  /** HTTP statuses that count as ready. */
  readonly accepted: ReadonlySet<number>;
  /** Asked for each connection (certificates) and each probe (token), because both rotate on disk. */
  readonly tls: () => TlsSettings;
}

/** Keep-alive after 1 s of silence and then each second: a lost master is noticed 2 to 3 s after it went. */
const SENTINEL: SilenceLimits = { keepAliveDelayMs: 1000, userTimeoutMs: 1500 };

export class ProbeConnection implements ProbeChannel {
  readonly #settings: ProbeSettings;
  readonly #tls: TlsSettings;
  readonly #agent: OneSocketAgent;
  #closed = false;

  /** Begins to connect. `onLost`: see OpenChannel. */
  constructor({ address, port }: HostPort, settings: ProbeSettings, onLost: (code: string) => void) {
    this.#settings = settings;
    this.#tls = settings.tls();
    const { ca, cert, key, serverName } = this.#tls;
    const verified = ca !== undefined;
    const socket = connect({
      host: address,
      port,
      servername: serverName,
      rejectUnauthorized: verified,
      ...(verified && { ca, cert, key }),
    });
    this.#agent = new OneSocketAgent(socket);
    this.#watch(socket, onLost);
  }

  close(): void {
    this.#closed = true;
    this.#agent.socket.destroy();
  }

  async probe(timeoutMs: number): Promise<Outcome> {
    const startedAt = performance.now();
    try {
      const status = await this.#request(timeoutMs);
      return judgeStatus(status, performance.now() - startedAt, this.#settings.accepted);
    } catch (error) {
      return judgeFailure(errnoCode(error) ?? 'EPROTO');
    }
  }

  /** The status of the response. */
  #request(timeoutMs: number): Promise<number> {
    const { path } = this.#settings;
    const { ca, serverName } = this.#tls;
    const { token } = this.#settings.tls();
    return new Promise((resolve, reject) => {
      const authorization =
        ca === undefined || token === undefined ? {} : { authorization: `Bearer ${token}` };
      const request = https.request({
        path,
        agent: this.#agent,
        headers: { host: serverName, ...authorization },
      });
      // An answer that came while this process was busy is read before the time is declared to be over.
      const expire = (): unknown => setImmediate(() => request.destroy(timedOut(timeoutMs)));
      const deadline = setTimeout(expire, timeoutMs);
      request.once('response', (response: IncomingMessage) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', reject);
      });
      request.once('error', reject);
      request.once('close', () => {
        clearTimeout(deadline);
        reject(new Error('closed before the response was complete'));
      });
      request.end();
    });
  }

  #watch(socket: TLSSocket, onLost: (code: string) => void): void {
    let code = 'FIN';
    socket.once('connect', () => limitSilence(socket, SENTINEL));
    socket.on('error', error => {
      code = errnoCode(error) ?? 'EPROTO';
    });
    socket.once('close', () => {
      if (!this.#closed) onLost(code);
    });
  }
}

/**
 * Hands its one socket to each request. Node's own agent closes an idle connection on whatever happens to it and forgets
 * what that was, but a connection that timed out means something else than one that was closed.
 */
class OneSocketAgent extends https.Agent {
  readonly socket: TLSSocket;

  constructor(socket: TLSSocket) {
    super({ keepAlive: true });
    this.socket = socket;
  }

  addRequest(request: ClientRequest): void {
    request.onSocket(this.socket);
  }
}

function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
}
