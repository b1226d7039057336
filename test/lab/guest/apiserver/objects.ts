// The watch cache of a stand-in: what it has heard from etcd so far, the history by resourceVersion, and who watches.
import { type Entry, Etcd, State, type Store } from './etcd.ts';
import {
  type EndpointSpec,
  endpointSlice,
  endpoints,
  type KubeObject,
  type NodeSpec,
  node,
} from './shapes.ts';

export interface WatchEvent {
  type: Entry['type'] | 'BOOKMARK' | 'ERROR';
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
  readonly #port: number;
  readonly #store: Store;
  readonly #cache = new State();
  #oldest = 100; // watches from before this version get 410
  #history: Entry[] = [];
  /** Heard, and not taken notice of yet. */
  #unread: Entry[] = [];
  #lags = false;
  /** With the version from which each watches. */
  readonly #watchers = new Map<Watcher, number>();

  constructor(port: number, store: Store = new Etcd()) {
    this.#port = port;
    this.#store = store;
    store.follow(entry => {
      if (this.#lags) this.#unread.push(entry);
      else this.#apply(entry);
    });
  }

  get watches(): number {
    return this.#watchers.size;
  }

  /** As old as it is. */
  get cache(): State {
    return this.#cache;
  }

  /** What etcd has now; undefined = it cannot be reached. */
  get newest(): State | undefined {
    return this.#store.read();
  }

  /** While it lags, nothing that is written reaches the cache. */
  lag(lags: boolean): void {
    this.#lags = lags;
    if (lags) return;
    for (const entry of this.#unread) this.#apply(entry);
    this.#unread = [];
  }

  setEndpoints(specs: EndpointSpec[]): void {
    this.#store.write('endpointslices', endpointSlice(specs, this.#port));
    this.#store.write('endpoints', endpoints(specs, this.#port));
  }

  /** Another EndpointSlice of the Service; null removes it. */
  setSlice(name: string, specs: EndpointSpec[] | null): void {
    const slice = endpointSlice(specs ?? [], this.#port, name);
    this.#store.write('endpointslices', slice, specs === null ? 'DELETED' : undefined);
  }

  setNodes(specs: NodeSpec[]): void {
    const names = new Set(specs.map(({ name }) => name));
    for (const known of this.#cache.list('nodes')) {
      if (!names.has(known.metadata.name)) this.#store.write('nodes', known, 'DELETED');
    }
    for (const spec of specs) this.#store.write('nodes', node(spec));
  }

  /**
   * Replays what came after `since` and then stays; 410 when that is forgotten. Without a version, or with 0, what there is
   * comes first. One that is newer than the cache is accepted and hears nothing until the cache is newer.
   */
  watch(watcher: Watcher, since: string | null): void {
    const anyVersion = since === null || since === '' || since === '0';
    const from = anyVersion ? this.#cache.version : Number(since);
    if (from < this.#oldest) {
      watcher.send({ type: 'ERROR', object: GONE });
      watcher.end();
      return;
    }
    this.#watchers.set(watcher, from);
    const known = anyVersion ? this.#cache.list(watcher.resource).filter(watcher.matches) : [];
    for (const object of known) watcher.send({ type: 'ADDED', object });
    for (const entry of this.#history) tell(watcher, from, entry);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  bookmark(): void {
    const resourceVersion = String(this.#cache.version);
    for (const [watcher, from] of this.#watchers) {
      if (watcher.bookmarks && from <= this.#cache.version)
        watcher.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } });
    }
  }

  forget(): void {
    // Of something that nobody reads, so that the next list is newer than what is forgotten.
    this.#store.write('others', node({ name: 'nothing', address: '' }));
    this.#history = [];
    this.#oldest = this.#cache.version;
    for (const watcher of this.#watchers.keys()) watcher.send({ type: 'ERROR', object: GONE });
    this.endWatches();
  }

  endWatches(): void {
    for (const watcher of this.#watchers.keys()) watcher.end();
    this.#watchers.clear();
  }

  #apply(entry: Entry): void {
    this.#cache.apply(entry);
    this.#history.push(entry);
    for (const [watcher, from] of this.#watchers) tell(watcher, from, entry);
  }
}

function tell(watcher: Watcher, from: number, { version, resource, type, object }: Entry): void {
  if (version > from && resource === watcher.resource && watcher.matches(object))
    watcher.send({ type, object });
}
