// One kept-alive HTTPS connection to a master, and the kernel as its sentinel: TCP keep-alive finds out about a lost
// peer within 2 to 3 s, at no cost for the apiserver. HTTP/1.1, because apiservers answer every anonymous HTTP/2
// request with GOAWAY.

import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { errnoCode } from '../errors.ts';
import type { HostPort } from '../model/address.ts';
import { setSocketOption } from '../native/libc.ts';
import type { ProbeChannel } from './channel.ts';
import { judgeFailure, judgeStatus, type Outcome } from './outcome.ts';

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
  /** For connecting, the TLS handshake and the response together. */
  readonly timeoutMs: number;
  /** HTTP statuses that count as ready. */
  readonly accepted: ReadonlySet<number>;
  /** Asked before each probe, because certificates and tokens rotate on disk. */
  readonly tls: () => TlsSettings;
}

// <netinet/tcp.h>
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;

/** Keep-alive probes after 1 s of silence and then each second (Node sets TCP_KEEPINTVL to 1). */
const KEEP_ALIVE_DELAY_MS = 1000;
/** Sent data or a keep-alive probe that stays unanswered this long ends the connection. */
const USER_TIMEOUT_MS = 1500;

export class ProbeConnection implements ProbeChannel {
  readonly #target: HostPort;
  readonly #settings: ProbeSettings;
  readonly #onLost: (code: string) => void;
  readonly #agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  #socket: Socket | undefined;
  #closed = false;

  /** `onLost` is called when the idle connection goes: with the errno's name, or "FIN" when the master closed it. */
  constructor(target: HostPort, settings: ProbeSettings, onLost: (code: string) => void) {
    this.#target = target;
    this.#settings = settings;
    this.#onLost = onLost;
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
  }

  /** Never rejects: a failure is an outcome. */
  async probe(): Promise<Outcome> {
    const startedAt = performance.now();
    try {
      const status = await this.#request();
      return judgeStatus(status, performance.now() - startedAt, this.#settings.accepted);
    } catch (error) {
      return judgeFailure(errnoCode(error) ?? 'EPROTO');
    }
  }

  #request(): Promise<number> {
    const { address, port } = this.#target;
    const { path, timeoutMs } = this.#settings;
    const tls = this.#settings.tls();
    return new Promise((resolve, reject) => {
      const request = https.request({
        host: address,
        port,
        path,
        agent: this.#agent,
        servername: tls.serverName,
        rejectUnauthorized: tls.ca !== undefined,
        headers: {
          host: tls.serverName,
          ...(tls.ca !== undefined && tls.token !== undefined && { authorization: `Bearer ${tls.token}` }),
        },
        ...(tls.ca !== undefined && { ca: tls.ca, cert: tls.cert, key: tls.key }),
      });
      const deadline = setTimeout(() => request.destroy(timedOut(timeoutMs)), timeoutMs);
      request.once('socket', socket => this.#watch(socket));
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

  /** Arms the sentinel on a connection that was just made. */
  #watch(socket: Socket): void {
    if (socket === this.#socket) return;
    this.#socket = socket;
    let code = 'FIN';
    socket.once('secureConnect', () => {
      socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
      setSocketOption(descriptorOf(socket), IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
    });
    socket.on('error', error => {
      code = errnoCode(error) ?? 'EPROTO';
    });
    socket.once('close', () => {
      if (!this.#closed && socket === this.#socket) this.#onLost(code);
    });
  }
}

function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
}

/** Node keeps the descriptor in the handle, which its types do not show. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0) throw new Error('a connected socket has no descriptor');
  return handle.fd;
}
