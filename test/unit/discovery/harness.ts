// What the tests of discovery share: certificates, servers, objects, a running source, and waiting for a condition.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, vi } from 'vitest';
import { type EndpointSourceOptions, openEndpointSource } from '../../../src/lib/discovery/open.ts';
import type { EndpointSource } from '../../../src/lib/discovery/source.ts';
import type { Timing } from '../../../src/lib/discovery/timing.ts';
import { formatHostPort } from '../../../src/lib/model/address.ts';
import { type Answer, type Control, control } from '../../lab/guest/apiserver/control.ts';
import type { Etcd } from '../../lab/guest/apiserver/etcd.ts';
import { createStandIn } from '../../lab/guest/apiserver/server.ts';
import { FakeApiserver, type FakeObject } from './apiserver.ts';
import { type KeyPair, Pki } from './pki.ts';

/** Small, and yet far from what a busy machine needs for a request on loopback. */
export const FAST: Timing = {
  connectMs: 3000,
  answerMs: 3000,
  bodyMs: 3000,
  silenceMs: 60_000,
  watchMs: 300_000,
  settledMs: 0,
  resumeJitterMs: 5,
  relistJitterMs: 5,
  backoffMs: 10,
  backoffCeilingMs: 40,
  retryAfterCeilingMs: 30_000,
  debounceMs: 10,
};

export interface Running {
  readonly source: EndpointSource;
  /** Each snapshot as "a:p b:p". */
  readonly snapshots: string[];
  readonly notices: string[];
  readonly done: Promise<void>;
  readonly abort: () => void;
}

export interface RunningStandIn {
  readonly port: number;
  /** As a crash. */
  readonly close: () => Promise<void>;
  readonly control: (change: Control) => Answer;
}

export class Harness {
  readonly pki = new Pki();
  readonly ca: KeyPair = this.pki.authority();
  readonly #serverKeys: KeyPair = this.pki.server(
    this.ca,
    'IP:127.0.0.1',
    'IP:::1',
    'DNS:kubernetes.default.svc',
  );
  #servers: { close(): Promise<void> }[] = [];
  #running: Running[] = [];

  async apiserver(keys: KeyPair = this.#serverKeys, host?: string): Promise<FakeApiserver> {
    const { cert, key } = keys;
    const server = new FakeApiserver({
      cert,
      key,
      ca: this.ca.cert,
      requestCert: true,
      rejectUnauthorized: false,
    });
    await server.listen(host);
    this.#servers.push(server);
    return server;
  }

  /** One of the lab's stand-ins, which may share its etcd with others. */
  async standIn(etcd: Etcd): Promise<RunningStandIn> {
    const { cert, key } = this.#serverKeys;
    const standIn = createStandIn('m', 6443, { cert, key }, etcd);
    const { server } = standIn;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = async (): Promise<void> => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    };
    const { port } = server.address() as AddressInfo;
    const running = { port, close, control: (change: Control) => control(standIn, change) };
    this.#servers.push(running);
    return running;
  }

  kubeconfig(port: number, user: object = { token: 'secret' }, cluster: object = {}): string {
    return this.pki.file(
      `kubeconfig-${crypto.randomUUID()}`,
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
        clusters: [
          {
            name: 'k',
            cluster: {
              server: `https://127.0.0.1:${port}`,
              'certificate-authority': this.ca.certFile,
              ...cluster,
            },
          },
        ],
        users: [{ name: 'u', user }],
      }),
    );
  }

  async start(
    server: { readonly port: number },
    options: Partial<EndpointSourceOptions> = {},
  ): Promise<Running> {
    const notices: string[] = [];
    const source = await openEndpointSource({
      discovery: 'endpoints',
      family: 'ipv4',
      realServers: [],
      port: 6443,
      cluster: { kubeconfig: this.kubeconfig(server.port) },
      fallbackServers: () => [],
      notice: text => notices.push(text),
      ...options,
      timing: { ...FAST, ...options.timing },
    });
    return this.run(source, notices);
  }

  run(source: EndpointSource, notices: string[] = []): Running {
    const snapshots: string[] = [];
    const controller = new AbortController();
    const done = source.run(
      candidates => snapshots.push(candidates.map(formatHostPort).join(' ')),
      controller.signal,
    );
    const running = { source, snapshots, notices, done, abort: () => controller.abort() };
    this.#running.push(running);
    return running;
  }

  /** After each test. */
  async stopAll(): Promise<void> {
    for (const { abort } of this.#running) abort();
    await Promise.all(this.#running.map(({ done }) => done));
    await Promise.all(this.#servers.map(server => server.close()));
    this.#running = [];
    this.#servers = [];
  }
}

/** Waits until the function no longer throws. */
export function until(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 5000, interval: 5 });
}

export function untilSnapshot(running: Running, expected: string): Promise<unknown> {
  return until(() => expect(running.snapshots.at(-1)).toBe(expected));
}

export function untilWatching(server: FakeApiserver, count = 1): Promise<unknown> {
  return until(() => expect(server.watching).toBe(count));
}

/** The slice as an apiserver writes it. */
export function slice(...addresses: string[]): FakeObject {
  return {
    metadata: { name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
  };
}

export function endpoints(...addresses: string[]): FakeObject {
  return {
    metadata: { name: 'kubernetes' },
    subsets: [{ addresses: addresses.map(ip => ({ ip })), ports: [{ name: 'https', port: 6443 }] }],
  };
}

export function node(name: string, address: string, ...roles: string[]): FakeObject {
  const labels = Object.fromEntries(roles.map(role => [`node-role.kubernetes.io/${role}`, '']));
  return {
    metadata: { name, labels },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
    },
  };
}
