// A modelled apiserver: cores with a queue before them, the ways in which it fails, and a node's way to it. Times in milliseconds.
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

interface Question {
  /** Core-milliseconds that this master has to serve in all until this one is answered. */
  readonly position: number;
  readonly answer: () => void;
}

/** One queue, first come, first served. */
export class Master {
  readonly address: HostPort;
  readonly #engine: Engine;
  condition: Condition = 'up';
  /** 1 = all of its cores. */
  capacity = 1;
  /** Nodes whose connections are here. */
  users = 0;
  /** Core-milliseconds that wait, and that were served since the start. */
  #queue = 0;
  #served = 0;
  #at = 0;
  #questions: Question[] = [];
  #timer: unknown;
  /** Core-milliseconds of work that arrived since it was asked last. */
  #arrived = 0;
  readonly listeners = new Set<() => void>();

  constructor(engine: Engine, index: number) {
    this.#engine = engine;
    this.address = { address: `10.0.0.${11 + index}`, port: 6443 };
  }

  /** Something arrives; `answer` is called behind what arrived before, unless something happens to this master. */
  ask(cost: number, answer?: () => void): void {
    this.#settle();
    this.#queue = Math.min(this.#queue + cost, MAX_QUEUE_MS * this.#speed());
    this.#arrived += cost;
    if (answer === undefined) return;
    this.#questions.push({ position: this.#served + this.#queue, answer });
    if (this.#questions.length === 1) this.#planAnswer();
  }

  /** How long something waits that is asked now. */
  latencyMs(): number {
    this.#settle();
    return NETWORK_MS + this.#queue / this.#speed();
  }

  /** Work that arrived since the last call; 1 = what all of its cores serve in that time. */
  load(sinceMs: number): number {
    const steady = this.users * COST.steadyPerNodeSecond * (sinceMs / 1000);
    const load = (this.#arrived + steady) / (sinceMs * CORES);
    this.#arrived = 0;
    return load;
  }

  /** Whoever has a connection hears of it. */
  become(condition: Condition, capacity = 1): void {
    this.#settle();
    this.condition = condition;
    this.capacity = capacity;
    if (condition !== 'up') {
      this.#queue = 0;
      this.#questions = [];
    }
    this.#planAnswer();
    for (const listener of [...this.listeners]) listener();
  }

  #planAnswer(): void {
    this.#engine.clearTimeout(this.#timer);
    const [next] = this.#questions;
    if (next === undefined) return;
    this.#settle();
    const inMs = NETWORK_MS + Math.max(0, next.position - this.#served) / this.#speed();
    this.#timer = this.#engine.setTimeout(() => this.#answerDue(), inMs);
  }

  #answerDue(): void {
    this.#settle();
    const waiting = this.#questions.findIndex(({ position }) => position > this.#served);
    const due = this.#questions.splice(0, waiting === -1 ? this.#questions.length : Math.max(1, waiting));
    this.#planAnswer();
    for (const { answer } of due) answer();
  }

  #speed(): number {
    return CORES * this.capacity;
  }

  /** What waits is served at full speed; what its users ask for steadily comes behind it. */
  #settle(): void {
    const now = this.#engine.now();
    const steady = (this.users * COST.steadyPerNodeSecond) / 1000;
    const past = now - this.#at;
    this.#served += Math.min(past * this.#speed(), this.#queue + past * steady);
    this.#queue = Math.max(0, this.#queue + past * (steady - this.#speed()));
    this.#at = now;
  }
}

/** One node's way to one master. */
export class Path {
  readonly master: Master;
  readonly listeners = new Set<() => void>();
  #isCut = false;

  constructor(master: Master) {
    this.master = master;
    master.listeners.add(() => this.#tell());
  }

  /** As it looks from this node. */
  get condition(): Condition {
    return this.#isCut ? 'off' : this.master.condition;
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
