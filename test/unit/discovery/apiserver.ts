// A kube-apiserver as far as discovery can see: list and watch with selectors, versions and bookmarks over TLS. Each
// request may be answered by the test instead.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https, { type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    resourceVersion?: string;
  };
  readonly [field: string]: unknown;
}

export interface Request {
  readonly kind: 'list' | 'watch';
  readonly url: URL;
  readonly authorization: string | undefined;
  /** CN of the client's certificate. */
  readonly client: string | undefined;
}

interface Event {
  readonly collection: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: FakeObject;
  readonly version: number;
}

interface Watch {
  readonly collection: string;
  readonly matches: (object: FakeObject) => boolean;
  readonly response: ServerResponse;
}

export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
export const ENDPOINTS = '/api/v1/namespaces/default/endpoints';
export const NODES = '/api/v1/nodes';

export class FakeApiserver {
  readonly requests: Request[] = [];
  /** TCP connections, whatever becomes of them. */
  attempts = 0;
  /** Complete TLS handshakes. */
  connections = 0;
  /** Collections that this version of Kubernetes has. */
  known: readonly string[] = [SLICES, ENDPOINTS, NODES];
  /** Answers instead of the server when it returns true. */
  intercept: (request: Request, response: ServerResponse) => boolean = () => false;
  readonly #server: https.Server;
  readonly #objects = new Map<string, Map<string, FakeObject>>();
  readonly #events: Event[] = [];
  readonly #watches = new Set<Watch>();
  #version = 1000;

  constructor(options: ServerOptions) {
    this.#server = https.createServer(options, (request, response) => this.#answer(request, response));
    this.#server.on('connection', () => {
      this.attempts += 1;
    });
    this.#server.on('secureConnection', () => {
      this.connections += 1;
    });
  }

  async listen(host = '127.0.0.1', port = 0): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Closes the port and every connection. */
  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  openConnections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }

  count(kind: Request['kind'], collection?: string): number {
    return this.requests.filter(
      request => request.kind === kind && (!collection || request.url.pathname === collection),
    ).length;
  }

  get watching(): number {
    return this.#watches.size;
  }

  set(collection: string, object: FakeObject): void {
    const type = this.#collection(collection).has(object.metadata.name) ? 'MODIFIED' : 'ADDED';
    this.#record(collection, type, object);
  }

  delete(collection: string, name: string): void {
    const object = this.#collection(collection).get(name);
    if (object) this.#record(collection, 'DELETED', object);
  }

  /** To every watch, as it is. */
  send(text: string | Uint8Array): void {
    for (const { response } of this.#watches) response.write(text);
  }

  bookmark(): number {
    this.#version += 10;
    const object = { metadata: { resourceVersion: String(this.#version) } };
    this.send(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    return this.#version;
  }

  /** As after timeoutSeconds. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end();
  }

  /** As when the process is killed. */
  breakConnections(): void {
    this.#server.closeAllConnections();
  }

  #collection(name: string): Map<string, FakeObject> {
    const collection = this.#objects.get(name) ?? new Map<string, FakeObject>();
    this.#objects.set(name, collection);
    return collection;
  }

  #record(collection: string, type: Event['type'], before: FakeObject): void {
    this.#version += 1;
    const version = this.#version;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
    if (type === 'DELETED') this.#collection(collection).delete(object.metadata.name);
    else this.#collection(collection).set(object.metadata.name, object);
    const event = { collection, type, object, version };
    this.#events.push(event);
    for (const watch of this.#watches) tell(watch, event);
  }

  #answer(message: IncomingMessage, response: ServerResponse): void {
    const url = new URL(message.url ?? '', 'https://apiserver');
    const { authorization } = message.headers;
    const peer = (message.socket as import('node:tls').TLSSocket).getPeerCertificate();
    const kind = url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
    const request: Request = { kind, url, authorization, client: peer.subject?.CN as string | undefined };
    this.requests.push(request);
    if (this.intercept(request, response)) return;
    const collection = url.pathname;
    if (!this.known.includes(collection))
      fail(response, 404, 'the server could not find the requested resource');
    else if (kind === 'watch') this.#watch(collection, url, response);
    else this.#list(collection, url, response);
  }

  #list(collection: string, url: URL, response: ServerResponse): void {
    const items = [...this.#collection(collection).values()].filter(selector(url));
    response.end(JSON.stringify({ metadata: { resourceVersion: String(this.#version) }, items }));
  }

  #watch(collection: string, url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    const watch = { collection, matches: selector(url), response };
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    for (const event of this.#events) if (event.version > from) tell(watch, event);
    this.#watches.add(watch);
    response.once('close', () => this.#watches.delete(watch));
  }
}

export function fail(response: ServerResponse, status: number, message: string): true {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ kind: 'Status', code: status, message }));
  return true;
}

function tell({ collection, matches, response }: Watch, event: Event): void {
  if (event.collection !== collection || !matches(event.object)) return;
  response.write(`${JSON.stringify({ type: event.type, object: event.object })}\n`);
}

/** labelSelector with `key=value`, `key` and `!key`; fieldSelector with metadata.name. */
function selector(url: URL): (object: FakeObject) => boolean {
  const name = /^metadata\.name=(.+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  const terms = (url.searchParams.get('labelSelector') ?? '').split(',').filter(term => term !== '');
  return ({ metadata: { name: own, labels = {} } }) =>
    (name === undefined || own === name) &&
    terms.every(term => {
      const [key = '', value] = term.split('=');
      if (key.startsWith('!')) return !(key.slice(1) in labels);
      return key in labels && (value === undefined || labels[key] === value);
    });
}
