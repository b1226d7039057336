// The daemon's HTTP server. It is there to be looked at: nothing that happens to it, a taken port least of all, may
// trouble the daemon. Callers are few and near, so every limit is tight.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errnoCode, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { type Page, type Routes, textPage } from './routes.ts';

const RETRY_MS = 30_000;
/** +-20 %: whoever has the port may be another one of us, with the same plan. */
const JITTER = 0.2;

/** A request is one line and a few headers; no body. */
const MAX_HEADER_BYTES = 8 * 1024;
/** To send a request, and to take in a part of the answer: both ends are on this host. */
const TIMEOUT_MS = 5000;
const MAX_CONNECTIONS = 32;
/** What is being answered at close() has this long. */
const CLOSE_MS = 500;

const REASONS: Record<string, string> = {
  EADDRINUSE: 'the port is taken',
  EADDRNOTAVAIL: 'it is not an address of this host',
  EACCES: 'permission denied',
};

export class HttpServer {
  readonly #listen: HostPort;
  readonly #log: Logger;
  readonly #server: Server;
  #retry: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  #closed = false;

  /** `listen.port` 0 = any free port. */
  constructor(listen: HostPort, routes: Routes, log: Logger) {
    this.#listen = listen;
    this.#log = log;
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: TIMEOUT_MS,
        requestTimeout: TIMEOUT_MS,
        keepAliveTimeout: TIMEOUT_MS,
        connectionsCheckingInterval: 1000,
      },
      (request, response) => {
        answer(routes, request)
          .then(page => respond(page, response))
          .catch(error => {
            log.error(`answering ${request.url}: ${messageOf(error)}`);
            respond(textPage(500, 'failed; the log says why'), response);
          });
      },
    );
    this.#server.timeout = TIMEOUT_MS;
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('listening', () => this.#listening());
    this.#server.on('error', error => this.#failed(error));
  }

  /** Returns at once; what cannot be listened on is warned of and tried again. */
  start(): void {
    if (this.#server.listening) return;
    this.#server.listen({ host: this.#listen.address, port: this.#listen.port });
  }

  /** Where it listens; undefined while it does not. */
  get address(): HostPort | undefined {
    const address = this.#server.address() as AddressInfo | null;
    return address === null ? undefined : { address: address.address, port: address.port };
  }

  /** Within CLOSE_MS. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    const force = setTimeout(() => this.#server.closeAllConnections(), CLOSE_MS);
    await promise;
    clearTimeout(force);
  }

  #listening(): void {
    if (this.#closed) this.#server.close();
    if (this.#problem !== undefined) this.#log.info(`${this.#name()} works now`);
    this.#problem = undefined;
  }

  #failed(error: Error): void {
    const code = errnoCode(error) ?? messageOf(error);
    if (code !== this.#problem) {
      const reason = REASONS[code] ?? code;
      this.#log.warn(`${this.#name()} does not work: ${reason}; trying again every ${RETRY_MS / 1000} s`);
    }
    this.#problem = code;
    this.#retry = setTimeout(() => this.start(), RETRY_MS * (1 - JITTER + 2 * JITTER * Math.random()));
  }

  #name(): string {
    return `the HTTP server on ${formatHostPort(this.#listen)}`;
  }
}

async function answer(routes: Routes, request: IncomingMessage): Promise<Page> {
  const { method, url = '', headers } = request;
  const page = routes.get(url.split('?')[0] ?? '');
  if (page === undefined) return textPage(404, `there are ${[...routes.keys()].join(' ')}`);
  if (method !== 'GET' && method !== 'HEAD') return textPage(405, 'GET is expected');
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
    return textPage(413, 'no body is expected');
  return page();
}

function respond({ status, type, body }: Page, response: ServerResponse): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD' }),
    // A body that nobody asked for is not waited for.
    ...((status === 405 || status === 413) && { connection: 'close' }),
  });
  response.end(body);
}
