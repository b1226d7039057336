// The daemon's HTTP server. It is there to be looked at: nothing that happens to it, a taken port least of all, may
// trouble the daemon. Callers are few and near, so every limit is tight.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP, type Socket } from 'node:net';
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
const TIMEOUT_MS = 2000;
/** Beyond these the oldest that waits for nothing goes: there is always room for somebody who asks. */
const MAX_CONNECTIONS = 256;
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
  /** Connections that have not asked for anything yet, oldest first. */
  readonly #waiting = new Set<Socket>();
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
      (request, response) => this.#respond(routes, request, response),
    );
    this.#server.timeout = TIMEOUT_MS;
    this.#server.on('connection', socket => this.#admit(socket));
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

  #admit(socket: Socket): void {
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
    const [oldest] = this.#waiting;
    if (this.#waiting.size > MAX_CONNECTIONS) oldest?.destroy();
  }

  /** One request of each connection is answered: what somebody sends behind it and never reads must not pile up. */
  #respond(routes: Routes, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#waiting.delete(request.socket)) {
      request.socket.destroy();
      return;
    }
    answer(routes, request)
      .then(page => respond(page, response))
      .catch(error => {
        this.#log.error(`answering ${request.url}: ${messageOf(error)}`);
        respond(textPage(500, 'failed; the log says why'), response);
      });
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
  if (!isOurName(headers.host)) return textPage(421, 'the host is called localhost, or by its address');
  const page = routes.get(url.split('?')[0] ?? '');
  if (page === undefined) return textPage(404, `there are ${[...routes.keys()].join(' ')}`);
  if (method !== 'GET' && method !== 'HEAD') return textPage(405, 'GET is expected');
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
    return textPage(413, 'no body is expected');
  return page();
}

/** A name that somebody else's DNS gives to 127.0.0.1 lets a web page read this; an address cannot be given away. */
function isOurName(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0;
}

function respond({ status, type, body }: Page, response: ServerResponse): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD' }),
    connection: 'close',
  });
  response.end(body);
}
