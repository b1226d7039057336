// What a run shows, in all and second by second.
import type { Engine } from './engine.ts';
import type { Master } from './master.ts';

/** One second of a run. */
export interface Sample {
  /** Nodes whose new connections go to a master that does not work. */
  readonly without: number;
  /** Connections broken so far though their master answered. */
  readonly broken: number;
  /** What arrived at the busiest master; 1 = what all of its cores serve. */
  readonly load: number;
  /** How long the slowest master takes to answer, in seconds. */
  readonly latency: number;
}

export class Recorder {
  readonly samples: Sample[] = [];
  longestOutageMs = 0;
  /** When something last changed in the kernel of any node. */
  lastChangeAt = 0;
  broken = 0;
  readonly #engine: Engine;
  #without = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  sample(masters: readonly Master[]): void {
    const load = Math.max(...masters.map(master => master.load(1000)));
    const latency = Math.max(...masters.map(master => master.latencyMs())) / 1000;
    this.samples.push({ without: this.#without, broken: this.broken, load, latency });
    this.#engine.setTimeout(() => this.sample(masters), 1000);
  }

  changed(): void {
    this.lastChangeAt = this.#engine.now();
  }

  broke(connections: number): void {
    this.broken += connections;
  }

  works(works: boolean, badSince: number): void {
    this.#without += works ? -1 : 1;
    if (works) this.longestOutageMs = Math.max(this.longestOutageMs, this.#engine.now() - badSince);
  }
}
