// The stand-in's etcd: the few objects that discovery reads, their history by resourceVersion, and who watches them.
// All three resources share one counter, as in a real cluster.

export interface EndpointSpec {
  address: string;
  ready?: boolean;
}

export interface NodeSpec {
  name: string;
  address: string;
  labels?: Record<string, string>;
}

export interface KubeObject {
  kind: string;
  apiVersion: string;
  metadata: { name: string; namespace?: string; labels: Record<string, string>; resourceVersion: string };
  [field: string]: unknown;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: unknown;
}

export interface Watcher {
  resource: string;
  matches(object: KubeObject): boolean;
  bookmarks: boolean;
  send(event: WatchEvent): void;
  end(): void;
}

export const GONE = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'Expired',
  message: 'too old resource version',
  code: 410,
};

export class Objects {
  #port: number;
  #version = 100;
  #oldest = 100; // watches from before this version get 410
  #stored = new Map<string, KubeObject>(); // by resource/name
  #history: { version: number; resource: string; type: WatchEvent['type']; object: KubeObject }[] = [];
  #watchers = new Set<Watcher>();

  constructor(port: number) {
    this.#port = port;
  }

  get resourceVersion(): string {
    return String(this.#version);
  }

  get watches(): number {
    return this.#watchers.size;
  }

  list(resource: string): KubeObject[] {
    return [...this.#stored].filter(([key]) => key.startsWith(`${resource}/`)).map(([, object]) => object);
  }

  setEndpoints(specs: EndpointSpec[]): void {
    const ports = [{ name: 'https', port: this.#port, protocol: 'TCP' }];
    const labels = { 'kubernetes.io/service-name': 'kubernetes' };
    const metadata = { name: 'kubernetes', namespace: 'default' };
    this.#put('endpointslices', {
      ...{ kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', metadata: { ...metadata, labels } },
      addressType: specs[0]?.address.includes(':') ? 'IPv6' : 'IPv4',
      // The real one sets `ready` and no other condition.
      endpoints: specs.map(({ address, ready = true }) => ({ addresses: [address], conditions: { ready } })),
      ports,
    });
    const addresses = specs.filter(({ ready = true }) => ready).map(({ address }) => ({ ip: address }));
    this.#put('endpoints', {
      ...{ kind: 'Endpoints', apiVersion: 'v1', metadata: { ...metadata, labels: {} } },
      subsets: addresses.length === 0 ? [] : [{ addresses, ports }],
    });
  }

  setNodes(specs: NodeSpec[]): void {
    const names = new Set(specs.map(({ name }) => name));
    for (const node of this.list('nodes')) if (!names.has(node.metadata.name)) this.#remove('nodes', node);
    for (const { name, address, labels = { 'node-role.kubernetes.io/control-plane': '' } } of specs) {
      this.#put('nodes', {
        ...{ kind: 'Node', apiVersion: 'v1', metadata: { name, labels } },
        status: { addresses: [{ type: 'InternalIP', address }] },
      });
    }
  }

  /** Replays what came after `since` and then stays; 410 when that is forgotten. */
  watch(watcher: Watcher, since: string | null): void {
    const from = since === null || since === '' || since === '0' ? this.#version : Number(since);
    if (from < this.#oldest) {
      watcher.send({ type: 'ERROR', object: GONE });
      watcher.end();
      return;
    }
    this.#watchers.add(watcher);
    for (const { version, resource, type, object } of this.#history) {
      if (version > from && resource === watcher.resource && watcher.matches(object))
        watcher.send({ type, object });
    }
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  bookmark(): void {
    for (const watcher of this.#watchers) {
      if (!watcher.bookmarks) continue;
      watcher.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: this.resourceVersion } } });
    }
  }

  forget(): void {
    this.#history = [];
    this.#version += 1;
    this.#oldest = this.#version;
    for (const watcher of this.#watchers) watcher.send({ type: 'ERROR', object: GONE });
    this.endWatches();
  }

  endWatches(): void {
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }

  #put(resource: string, object: Omit<KubeObject, 'metadata'> & { metadata: object }): void {
    const { name } = object.metadata as { name: string };
    const known = this.#stored.has(`${resource}/${name}`);
    this.#record(resource, known ? 'MODIFIED' : 'ADDED', object as KubeObject);
  }

  #remove(resource: string, object: KubeObject): void {
    this.#record(resource, 'DELETED', object);
    this.#stored.delete(`${resource}/${object.metadata.name}`);
  }

  #record(resource: string, type: WatchEvent['type'], unversioned: KubeObject): void {
    this.#version += 1;
    const metadata = { ...unversioned.metadata, resourceVersion: this.resourceVersion };
    const object = { ...unversioned, metadata };
    this.#stored.set(`${resource}/${metadata.name}`, object);
    this.#history.push({ version: this.#version, resource, type, object });
    for (const watcher of this.#watchers) {
      if (watcher.resource === resource && watcher.matches(object)) watcher.send({ type, object });
    }
  }
}
