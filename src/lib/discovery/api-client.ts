// Requests to one apiserver over one kept-alive HTTP/1.1 connection. Every wait has a bound, and the kernel watches the
// connection, so that a lost peer is noticed while nothing is sent.
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { ApiError } from './api-error.ts';
import { statusMessage } from './objects.ts';
import { watchfulAgent } from './peer-watch.ts';
import type { Timing } from './timing.ts';

export type TlsOptions = Pick<
  https.RequestOptions,
  'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'
>;

export interface ApiServer {
  readonly host: string;
  readonly port: number;
  /** What the URL has before /api, without a slash at its end: usually "". */
  readonly basePath: string;
  /** `servername`: the name that the certificate must have; undefined = the host. */
  readonly tls: TlsOptions;
  readonly headers: Readonly<Record<string, string>>;
  /** For people. */
  readonly label: string;
}

/** No list or event that we ask for comes near this. */
export const MAX_BYTES = 16 * 1024 * 1024;

export class ApiClient {
  readonly #timing: Timing;
  readonly #agent = watchfulAgent();

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  /** Breaks off what is under way. The next request connects anew. */
  close(): void {
    this.#agent.destroy();
  }

  /** The body of a complete answer; UTF-8. Throws ApiError, or what Node says about network and TLS. */
  async get(server: ApiServer, path: string, signal: AbortSignal): Promise<string> {
    return this.#readBody(await this.open(server, path, signal));
  }

  /** Resolves with the headers of a 200; the caller reads the body, which `signal` breaks off. */
  async open(server: ApiServer, path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#request(server, path, signal);
    response.setEncoding('utf8');
    if (response.statusCode === 200) return response;
    const body = await this.#readBody(response);
    const { statusCode = 0, statusMessage: phrase, headers } = response;
    const reason = statusMessage(body) ?? phrase ?? '';
    // Seconds: an apiserver never names a date, and what is no number asks for nothing.
    const retryAfterMs = Number(headers['retry-after']) * 1000 || 0;
    throw new ApiError('api-status', `HTTP ${statusCode}: ${reason}`, statusCode, retryAfterMs);
  }

  #request(server: ApiServer, path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { connectMs, answerMs } = this.#timing;
    return new Promise((resolve, reject) => {
      const request = https.get({
        ...server.tls,
        agent: this.#agent,
        host: server.host,
        port: server.port,
        path: `${server.basePath}${path}`,
        headers: { accept: 'application/json', 'user-agent': 'bcs-apiserver-proxy', ...server.headers },
        signal,
      });
      const giveUp = (milliseconds: number, what: string): NodeJS.Timeout =>
        setTimeout(
          () => request.destroy(new ApiError('api-timeout', `${what} within ${milliseconds} ms`)),
          milliseconds,
        );
      let timer = giveUp(connectMs, 'no TLS connection');
      const connected = (): void => {
        clearTimeout(timer);
        timer = giveUp(answerMs, 'no answer');
      };
      request.once('socket', socket => {
        if (request.reusedSocket) connected();
        else socket.once('secureConnect', connected);
      });
      let answer: IncomingMessage | undefined;
      request.once('response', response => {
        clearTimeout(timer);
        answer = response;
        resolve(response);
      });
      request.once('close', () => clearTimeout(timer));
      // Not once: a connection that breaks later says why only here; its response just says "aborted".
      request.on('error', error => {
        reject(error);
        answer?.destroy(error);
      });
    });
  }

  async #readBody(response: IncomingMessage): Promise<string> {
    const { bodyMs } = this.#timing;
    const late = new ApiError('api-timeout', `the answer was not complete within ${bodyMs} ms`);
    const timer = setTimeout(() => response.destroy(late), bodyMs);
    try {
      let body = '';
      for await (const chunk of response) {
        body += chunk;
        if (body.length > MAX_BYTES)
          throw new ApiError('api-garbage', `the answer exceeds ${MAX_BYTES} bytes`);
      }
      return body;
    } finally {
      clearTimeout(timer);
    }
  }
}
