// The stand-in's etcd: the few objects that discovery reads, their history by resourceVersion, and who watches them.
// All three resources share one counter, as in a real cluster.

import {
  type EndpointSpec,
  endpointSlice,
  endpoints,
  type KubeObject,
  type NodeSpec,
  node,
} from './shapes.ts';

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
    this.#record('endpointslices', endpointSlice(specs, this.#port));
    this.#record('endpoints', endpoints(specs, this.#port));
  }

  /** Another EndpointSlice of the Service; null removes it. */
  setSlice(name: string, specs: EndpointSpec[] | null): void {
    const slice = endpointSlice(specs ?? [], this.#port, name);
    this.#record('endpointslices', slice, specs === null ? 'DELETED' : undefined);
  }

  setNodes(specs: NodeSpec[]): void {
    const names = new Set(specs.map(({ name }) => name));
    for (const known of this.list('nodes')) {
      if (!names.has(known.metadata.name)) this.#record('nodes', known, 'DELETED');
    }
    for (const spec of specs) this.#record('nodes', node(spec));
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

  #record(resource: string, unversioned: KubeObject, deleted?: 'DELETED'): void {
    this.#version += 1;
    const metadata = { ...unversioned.metadata, resourceVersion: this.resourceVersion };
    const object = { ...unversioned, metadata };
    const key = `${resource}/${metadata.name}`;
    const type = deleted ?? (this.#stored.has(key) ? 'MODIFIED' : 'ADDED');
    if (deleted) this.#stored.delete(key);
    else this.#stored.set(key, object);
    this.#history.push({ version: this.#version, resource, type, object });
    for (const watcher of this.#watchers) {
      if (watcher.resource === resource && watcher.matches(object)) watcher.send({ type, object });
    }
  }
}
