// When discovery has reason to ask anew, ahead of its own waits.
import type { Clock } from '../clock.ts';
import type { EndpointSource } from '../discovery/source.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { listener, type Telemetry } from '../telemetry.ts';

/**
 * After a master closed: by itself it withdraws its address at once, and where that fails another master does within 10 s.
 * With an answer, and the second that discovery waits for more changes, it is known before an orderly end is no longer told
 * from a crash (departure.ts).
 */
const ASK_AFTER_MS = [0, 10_000];
/** Thousands of nodes see the same master close in the same instant. */
const ASK_SPREAD_MS = 2000;

export class DiscoveryPrompt {
  readonly telemetry: Telemetry;
  readonly #clock: Clock;
  readonly #source: () => EndpointSource | undefined;
  readonly #timers = new Set<unknown>();

  constructor(clock: Clock, source: () => EndpointSource | undefined) {
    this.#clock = clock;
    this.#source = source;
    this.telemetry = listener({
      changed: ({ realServer, to }) => {
        const { server, connected } = source()?.freshness ?? {};
        // It must not hang on a server that is dead: a hung one keeps its connections open.
        if (to === 'dead' && names(server, realServer)) source()?.reconnect();
        // Where it may not watch, it would hear half a minute later whether this one was withdrawn.
        if (to === 'closing' && connected === false)
          for (const afterMs of ASK_AFTER_MS) this.#askIn(afterMs + clock.random() * ASK_SPREAD_MS);
      },
    });
  }

  stop(): void {
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }

  #askIn(milliseconds: number): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      // A watch that was only between two servers is open again by now, and hears by itself.
      if (this.#source()?.freshness.connected === false) this.#source()?.reconnect();
    }, milliseconds);
    this.#timers.add(timer);
  }
}

/** As discovery names its servers: "10.0.0.1:6443", or "https://10.0.0.1:6443/base". */
function names(server: string | undefined, realServer: HostPort): boolean {
  return server?.split('/').includes(formatHostPort(realServer)) ?? false;
}
