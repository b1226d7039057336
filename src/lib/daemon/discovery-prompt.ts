// When discovery has reason to ask anew, ahead of its own waits.
import type { Clock } from '../clock.ts';
import type { EndpointSource } from '../discovery/source.ts';
import { formatHostPort } from '../model/address.ts';
import { listener, type Telemetry } from '../telemetry.ts';

/**
 * Thousands of nodes see the same master close in the same instant. With an answer, and the second that discovery waits for
 * more changes, it is known before an orderly end is no longer told from a crash (departure.ts).
 */
const ASK_SPREAD_MS = 2000;

export class DiscoveryPrompt {
  readonly telemetry: Telemetry;
  readonly #clock: Clock;
  #timer: unknown;

  constructor(clock: Clock, source: () => EndpointSource | undefined) {
    this.#clock = clock;
    this.telemetry = listener({
      changed: ({ realServer, to }) => {
        const { server, connected } = source()?.freshness ?? {};
        // It must not hang on a server that is dead: a hung one keeps its connections open.
        if (to === 'dead' && server?.includes(formatHostPort(realServer))) source()?.reconnect();
        // Where it may not watch, it would hear half a minute later whether this one was withdrawn.
        if (to === 'closing' && connected === false) this.#askIn(clock.random() * ASK_SPREAD_MS, source);
      },
    });
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #askIn(milliseconds: number, source: () => EndpointSource | undefined): void {
    this.stop();
    this.#timer = this.#clock.setTimeout(() => {
      // A watch that was only between two servers is open again by now, and hears by itself.
      if (source()?.freshness.connected === false) source()?.reconnect();
    }, milliseconds);
  }
}
