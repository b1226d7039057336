// An etcd that several stand-ins share (../etcd.ts), as one of them sees it: a copy that follows it for as long as it can be
// reached, and the lease by which this stand-in is named as an endpoint.
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type Entry, Etcd, type State, type Store } from './etcd.ts';
import { RENEW_MS } from './leases.ts';
import type { KubeObject } from './shapes.ts';

export interface ToEtcd {
  /** The address whose lease lasts again, or ends. */
  renew?: string;
  revoke?: string;
  write?: { resource: string; object: KubeObject; deleted?: 'DELETED' | undefined };
}

export const HEARTBEAT_MS = 500;
/** So long without a word: its cable is out, or ours. */
const LOST_MS = 2000;
const RETRY_MS = 500;

export class RemoteEtcd implements Store {
  readonly #where: { host: string; port: number };
  readonly #address: string;
  readonly #copy = new Etcd();
  readonly #synced = Promise.withResolvers<void>();
  #socket: Socket | undefined;
  #reached = false;

  /** `where`: HOST:PORT; `address`: ours. */
  constructor(where: string, address: string) {
    const [host = '', port] = where.split(':');
    this.#where = { host, port: Number(port) };
    this.#address = address;
    this.#connect();
    setInterval(() => this.#send({ renew: this.#address }), RENEW_MS);
  }

  /** Heard of everything that had been written. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** From now on this stand-in is named. */
  join(): void {
    this.#send({ renew: this.#address });
  }

  /** Resolves when etcd knows that this one ends. */
  leave(): Promise<void> {
    return new Promise(resolve => {
      if (this.#socket === undefined) resolve();
      else this.#socket.end(`${JSON.stringify({ revoke: this.#address })}\n`, () => resolve());
      this.#socket = undefined;
    });
  }

  write(resource: string, object: KubeObject, deleted?: 'DELETED'): void {
    this.#send({ write: { resource, object, deleted } });
  }

  follow(hear: (entry: Entry) => void): void {
    this.#copy.follow(hear);
  }

  read(): State | undefined {
    return this.#reached ? this.#copy.read() : undefined;
  }

  #send(message: ToEtcd): void {
    if (this.#reached) this.#socket?.write(`${JSON.stringify(message)}\n`);
  }

  #connect(): void {
    const socket = connect(this.#where);
    this.#socket = socket;
    socket.setTimeout(LOST_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#reached = false;
      // Not when this one has left.
      if (this.#socket === socket) setTimeout(() => this.#connect(), RETRY_MS);
    });
    createInterface({ input: socket })
      .on('error', () => {})
      .on('line', line => this.#hear(JSON.parse(line)));
  }

  /** All that there is comes first, behind it the first heartbeat. */
  #hear(line: Entry | Record<string, never>): void {
    if (!('version' in line)) {
      this.#reached = true;
      this.#synced.resolve();
    } else if (line.version > this.#copy.read().version) this.#copy.adopt(line as Entry);
  }
}
