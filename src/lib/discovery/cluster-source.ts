// Discovery through the API: one reflector for each set of objects, and their addresses put together.
import type { Family, HostPort } from '../model/address.ts';
import type { ClusterAccess } from './kubernetes.ts';
import { Reflector } from './reflector.ts';
import {
  ENDPOINT_SLICE_BY_NAME,
  ENDPOINT_SLICES,
  ENDPOINTS,
  nodeResources,
  type Resource,
  SINGLE_ENDPOINTS,
} from './resources.ts';
import { Snapshots } from './snapshots.ts';
import type { EndpointSource, Freshness } from './source.ts';
import { DEFAULT_TIMING, type Timing } from './timing.ts';

export interface ClusterSourceOptions {
  /** The virtual server's family: addresses of the other one are left out. */
  readonly family: Family;
  /** Called before each connection. */
  readonly readAccess: () => Promise<ClusterAccess>;
  /** Real servers that are healthy now, to ask while the configured server fails. */
  readonly fallbackServers: () => readonly HostPort[];
  /** Gets one sentence whenever something changes for better or worse; never ticks. */
  readonly notice: (text: string) => void;
  readonly timing?: Partial<Timing>;
}

/** EndpointSlices of the Service default/kubernetes, or its Endpoints where the API or our role has no slices. */
export function endpointsSource(options: ClusterSourceOptions): EndpointSource {
  return new ClusterSource(options, [[ENDPOINT_SLICES, ENDPOINT_SLICE_BY_NAME, ENDPOINTS, SINGLE_ENDPOINTS]]);
}

/** InternalIP of the control-plane nodes, with `port`. Holds two watches, the second of which is nearly always empty. */
export function nodesSource(options: ClusterSourceOptions, port: number): EndpointSource {
  return new ClusterSource(
    options,
    nodeResources(port).map(resource => [resource]),
  );
}

class ClusterSource implements EndpointSource {
  readonly #options: ClusterSourceOptions;
  readonly #timing: Timing;
  readonly #reflectors: readonly Reflector[];
  /** By reflector; undefined until it has its first list. */
  readonly #found: (readonly HostPort[] | undefined)[];
  #snapshots: Snapshots | undefined;
  #lastNotice: string | undefined;

  constructor(options: ClusterSourceOptions, sets: readonly (readonly [Resource, ...Resource[]])[]) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#found = sets.map(() => undefined);
    this.#reflectors = sets.map((resources, index) => this.#reflect(resources, index));
  }

  async run(emit: (candidates: readonly HostPort[]) => void, signal: AbortSignal): Promise<void> {
    const { family, notice } = this.#options;
    this.#snapshots = new Snapshots({ family, debounceMs: this.#timing.debounceMs, notice, emit });
    const stop = (): void => this.#snapshots?.stop();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.all(this.#reflectors.map(reflector => reflector.run(signal)));
    stop();
    signal.removeEventListener('abort', stop);
  }

  /** As good as the worst of the reflectors. */
  get freshness(): Freshness {
    const all = this.#reflectors.map(reflector => reflector.freshness);
    const worst = all.find(({ connected }) => !connected) ?? all[0];
    const heard = all.map(({ lastEventAt }) => lastEventAt);
    return {
      lastEventAt: heard.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.min(a, b))),
      connected: all.every(({ connected }) => connected),
      server: worst?.server,
      lastProblem: all.find(({ lastProblem }) => lastProblem !== undefined)?.lastProblem,
    };
  }

  reconnect(): void {
    for (const reflector of this.#reflectors) reflector.reconnect();
  }

  #reflect(resources: readonly [Resource, ...Resource[]], index: number): Reflector {
    const { readAccess, fallbackServers } = this.#options;
    const onChange = (candidates: HostPort[]): void => {
      this.#found[index] = candidates;
      // Half of the answer would look like masters that left.
      const complete = this.#found.every(found => found !== undefined);
      if (complete) this.#snapshots?.offer(this.#found.flatMap(found => found ?? []));
    };
    return new Reflector({
      resources,
      readAccess,
      fallbackServers,
      notice: text => this.#noticeOnce(text),
      onChange,
      timing: this.#timing,
    });
  }

  /** Two reflectors of one server tell the same story. */
  #noticeOnce(text: string): void {
    if (text === this.#lastNotice) return;
    this.#lastNotice = text;
    this.#options.notice(text);
  }
}
