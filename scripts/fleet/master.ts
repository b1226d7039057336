// A modelled apiserver: cores with a queue before them, and the ways in which it fails. Times in milliseconds.
import type { HostPort } from '../../src/lib/model/address.ts';
import type { Engine } from './engine.ts';

/** What a request costs in core-milliseconds; docs/kernel-facts.md K22, measured on a kube-apiserver 1.36. */
export const COST = {
  /** GET /readyz on a kept connection: 1,000 a second take 38 % of a core. */
  probe: 0.38,
  /** A fresh TLS connection, EC key. */
  handshake: 1,
  /** Assumed: a kubelet's list from the watch cache, and opening the watch behind it. */
  relist: 10,
  /** Assumed: what one node asks for in a second while all is well (leases, status, events). */
  steadyPerNodeSecond: 0.8,
} as const;

const CORES = 8;
const NETWORK_MS = 2;
/** An apiserver sheds load (429) instead of queueing without end. */
const MAX_QUEUE_MS = 60_000;

export type Condition = 'up' | 'crashed' | 'off' | 'hung';

export class Master {
  readonly address: HostPort;
  readonly #engine: Engine;
  condition: Condition = 'up';
  /** 1 = all of its cores. */
  capacity = 1;
  /** Nodes whose connections are here. */
  users = 0;
  /** Core-milliseconds that wait. */
  #queue = 0;
  #at = 0;
  /** Core-milliseconds of work that arrived in the present second, and the most in any. */
  #second = 0;
  #arrived = 0;
  peakLoad = 0;
  readonly listeners = new Set<() => void>();

  constructor(engine: Engine, index: number) {
    this.#engine = engine;
    this.address = { address: `10.0.0.${11 + index}`, port: 6443 };
  }

  /** Something arrives; returns when it is answered, in ms from now. */
  ask(cost: number): number {
    this.#settle();
    this.#queue = Math.min(this.#queue + cost, MAX_QUEUE_MS * this.#speed());
    this.#arrived += cost;
    return NETWORK_MS + cost + this.#queue / this.#speed();
  }

  latencyMs(): number {
    this.#settle();
    return NETWORK_MS + this.#queue / this.#speed();
  }

  /** Whoever has a connection hears of it. */
  become(condition: Condition, capacity = 1): void {
    this.#settle();
    this.condition = condition;
    this.capacity = capacity;
    if (condition !== 'up') this.#queue = 0;
    for (const listener of [...this.listeners]) listener();
  }

  #speed(): number {
    return CORES * this.capacity;
  }

  #settle(): void {
    const now = this.#engine.now();
    const steady = (this.users * COST.steadyPerNodeSecond) / 1000;
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      const load = this.#arrived / 1000 / CORES + steady / CORES;
      this.peakLoad = Math.max(this.peakLoad, load);
      this.#second = second;
      this.#arrived = 0;
    }
    this.#queue = Math.max(0, this.#queue + (now - this.#at) * (steady - this.#speed()));
    this.#at = now;
  }
}
