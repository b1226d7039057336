// A copy of a few objects of the API: filled by one list, kept current by the events of a watch that is opened from
// the copy's version on. Asks, but never decides when or whom.
import type { IncomingMessage } from 'node:http';
import type { HostPort } from '../model/address.ts';
import type { ApiClient, ApiServer } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { type KubernetesObject, type List, readList, readSingle, type WatchEvent } from './objects.ts';
import type { Resource } from './resources.ts';

/** Throttled (429) and not (or no longer) known: no reason to list again. */
const KEEPS_VERSION = new Set([401, 403, 429]);

/**
 * A role that may list but not watch, as the original program's and kubelet's, is asked for no more than that, and only
 * once in so many lists what else it may by now: each refusal is a request, and a line in the audit log.
 */
const LISTS_UNTIL_ALL = 20;

/** Not in this version of Kubernetes, or not in our role. */
const NEXT_RESOURCE = new Set([403, 404]);

/** What the apiserver has in memory, however old: thousands of nodes that start must not make it ask etcd. */
const ANY_VERSION = '0';

/** "Too large resource version", one that is gone, and one that this server cannot read (docs/kernel-facts.md, K81). */
const VERSION_REFUSED = new Set([400, 410, 504]);

export class Mirror {
  readonly #client: ApiClient;
  readonly #resources: readonly [Resource, ...Resource[]];
  readonly #onChange: (candidates: HostPort[]) => void;
  #resource: Resource;
  #candidates = new Map<string, HostPort[]>();
  /** As new as the copy is. A list that is older, of an apiserver that lags, would bring back who has left. */
  #version = ANY_VERSION;
  #mustList = true;
  /** What a role was told that may not watch; undefined = it may, or has to be asked. */
  #watchRefusal: ApiError | undefined;
  #listsWithoutWatch = 0;

  /** The first of `resources` that the API knows and lets us list is used. */
  constructor(
    client: ApiClient,
    resources: readonly [Resource, ...Resource[]],
    onChange: (candidates: HostPort[]) => void,
  ) {
    this.#client = client;
    this.#resources = resources;
    this.#resource = resources[0];
    this.#onChange = onChange;
  }

  /** The next open() lists first. */
  listNext(): void {
    this.#mustList = true;
  }

  /** Lists if it must, and opens a watch. Throws ApiError, `api-expired` when a new list is needed. */
  async open(server: ApiServer, watchMs: number, signal: AbortSignal): Promise<IncomingMessage> {
    const get = (path: string): Promise<string> => this.#client.get(server, path, signal);
    if (this.#mustList) await this.#list(get);
    if (this.#watchRefusal !== undefined) {
      this.#mustList = true;
      throw this.#watchRefusal;
    }
    try {
      return await this.#client.open(server, this.#watchPath(this.#version, watchMs), signal);
    } catch (error) {
      const status = error instanceof ApiError ? error.status : undefined;
      if (error instanceof ApiError && status === 403) this.#listOnly(error);
      if (status === undefined || status >= 500 || KEEPS_VERSION.has(status)) throw error;
      // 410, and what a server says whose API or storage is another one now.
      throw new ApiError('api-expired', `the watch cannot be resumed: HTTP ${status}`);
    }
  }

  apply(event: WatchEvent): void {
    this.#version = event.resourceVersion;
    if (event.type === 'bookmark') return;
    if (event.type === 'deleted') this.#candidates.delete(event.name);
    else this.#candidates.set(event.name, this.#resource.read(event.object));
    this.#tell();
  }

  /** Until the role is to be asked anew, each attempt lists what could be listed last. */
  #listOnly(refusal: ApiError): void {
    this.#mustList = true;
    this.#watchRefusal = refusal;
    this.#listsWithoutWatch = 0;
  }

  async #list(get: (path: string) => Promise<string>): Promise<void> {
    this.#listsWithoutWatch += 1;
    if (this.#listsWithoutWatch >= LISTS_UNTIL_ALL) this.#watchRefusal = undefined;
    const { resource, list } = await this.#firstKnown(get);
    this.#resource = resource;
    this.#version = list.resourceVersion;
    this.#mustList = false;
    const read = ([name, object]: [string, KubernetesObject]) => [name, resource.read(object)] as const;
    this.#candidates = new Map(Array.from(list.items, read));
    this.#tell();
  }

  async #firstKnown(get: (path: string) => Promise<string>): Promise<{ resource: Resource; list: List }> {
    const unknown = new Set<string>();
    const resources = this.#watchRefusal === undefined ? this.#resources : [this.#resource];
    for (const resource of resources) {
      if (unknown.has(resource.path)) continue;
      try {
        return { resource, list: await readAll(resource, this.#versionOf(resource), get) };
      } catch (error) {
        const tryNext = error instanceof ApiError && NEXT_RESOURCE.has(error.status ?? 0);
        if (tryNext) this.#watchRefusal = undefined;
        if (!tryNext || resource === resources.at(-1)) throw error;
        if (error.status === 404) unknown.add(resource.path);
      }
    }
    throw new Error('unreachable: the last resource returns or throws');
  }

  /** Versions of one collection mean nothing for another. */
  #versionOf({ path }: Resource): string {
    return path === this.#resource.path ? this.#version : ANY_VERSION;
  }

  #watchPath(version: string, watchMs: number): string {
    const query = new URLSearchParams({
      ...this.#resource.selectors,
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(Math.ceil((watchMs * (1 + Math.random())) / 1000)),
    });
    return `${this.#resource.path}?${query}`;
  }

  #tell(): void {
    this.#onChange([...this.#candidates.values()].flat());
  }
}

/**
 * Never older than `version`, except where no apiserver has it any more, as after etcd was restored from a backup: a read
 * without a version is what etcd itself has.
 */
async function readAll(
  resource: Resource,
  version: string,
  get: (path: string) => Promise<string>,
): Promise<List> {
  try {
    return await readFrom(resource, { resourceVersion: version }, get);
  } catch (error) {
    const refused = error instanceof ApiError && VERSION_REFUSED.has(error.status ?? 0);
    if (version === ANY_VERSION || !refused) throw error;
    return readFrom(resource, {}, get);
  }
}

async function readFrom(
  { path, selectors, single }: Resource,
  version: { readonly resourceVersion?: string },
  get: (path: string) => Promise<string>,
): Promise<List> {
  if (single === undefined)
    return readList(await get(`${path}?${new URLSearchParams({ ...selectors, ...version })}`));
  return readSingle(await get(`${path}/${single}?${new URLSearchParams(version)}`));
}
