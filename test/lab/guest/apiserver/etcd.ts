// What all stand-ins of one cluster share: the few objects that discovery reads, in the order of their versions. All
// resources share one counter, as in a real cluster.
import type { KubeObject } from './shapes.ts';

export interface Entry {
  version: number;
  resource: string;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
}

/** What a stand-in needs of etcd, in this process or in another. */
export interface Store {
  write(resource: string, object: KubeObject, deleted?: 'DELETED' | undefined): void;
  /** Everything that was written, in order, and whatever will be. */
  follow(hear: (entry: Entry) => void): void;
  /** The newest of everything; undefined = it cannot be reached. */
  read(): State | undefined;
}

/** Entries put together. */
export class State {
  version = 100;
  readonly #stored = new Map<string, KubeObject>(); // by resource/name

  apply({ version, resource, type, object }: Entry): void {
    const key = `${resource}/${object.metadata.name}`;
    if (type === 'DELETED') this.#stored.delete(key);
    else this.#stored.set(key, object);
    this.version = version;
  }

  has(resource: string, name: string): boolean {
    return this.#stored.has(`${resource}/${name}`);
  }

  list(resource: string): KubeObject[] {
    return [...this.#stored].filter(([key]) => key.startsWith(`${resource}/`)).map(([, object]) => object);
  }
}

export class Etcd implements Store {
  readonly #state = new State();
  readonly #entries: Entry[] = [];
  readonly #followers = new Set<(entry: Entry) => void>();

  write(resource: string, unversioned: KubeObject, deleted?: 'DELETED' | undefined): void {
    const version = this.#state.version + 1;
    const { name } = unversioned.metadata;
    const type = deleted ?? (this.#state.has(resource, name) ? 'MODIFIED' : 'ADDED');
    const metadata = { ...unversioned.metadata, resourceVersion: String(version) };
    this.adopt({ version, resource, type, object: { ...unversioned, metadata } });
  }

  /** An entry that has its version. */
  adopt(entry: Entry): void {
    this.#state.apply(entry);
    this.#entries.push(entry);
    for (const hear of this.#followers) hear(entry);
  }

  follow(hear: (entry: Entry) => void): void {
    for (const entry of this.#entries) hear(entry);
    this.#followers.add(hear);
  }

  unfollow(hear: (entry: Entry) => void): void {
    this.#followers.delete(hear);
  }

  read(): State {
    return this.#state;
  }
}
