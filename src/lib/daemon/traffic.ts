// Looks at this node's connections through the VIP several times a second, has a master probed when somebody waits for it,
// and hears its bytes as a sign of life.
import { setTimeout as delay } from 'node:timers/promises';
import { ignoreAbort } from '../errors.ts';
import { allowanceAfter, FULL_ALLOWANCE_MS, nextLookInMs } from '../health/allowance.ts';
import { lookAt, type Memory } from '../health/suspicion.ts';
import type { Pins } from '../ipvs/pins.ts';
import type { HostPort } from '../model/address.ts';
import { threadCpuMs } from '../native/libc.ts';
import type { SocketClient, SocketId } from '../sockets/client.ts';
import type { Candidates } from './candidates.ts';
import type { Task } from './supervisor.ts';

/** Longer than any interval between two looks. */
const SILENT_MS = 15_000;

export interface TrafficOptions {
  readonly sockets: SocketClient;
  readonly pins: Pins;
  readonly virtualServer: HostPort;
  readonly candidates: Pick<Candidates, 'suspect' | 'heard'>;
}

export class Traffic {
  readonly #options: TrafficOptions;
  #memory: Memory = new Map();
  #allowanceMs = FULL_ALLOWANCE_MS;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** As it was when the connection was seen first: the kernel forgets it with the real server. */
  realServerOf({ cookie }: SocketId): HostPort | undefined {
    return this.#memory.get(cookie.toString('hex'))?.realServer;
  }

  task(): Task {
    return {
      name: 'traffic',
      silentMs: SILENT_MS,
      run: async (signal, alive) => {
        let lookedAt = performance.now();
        while (!signal.aborted) {
          const [now, cpu] = [performance.now(), threadCpuMs()];
          this.#look(now);
          alive();
          this.#allowanceMs = allowanceAfter(this.#allowanceMs, now - lookedAt, threadCpuMs() - cpu);
          lookedAt = now;
          await delay(nextLookInMs(this.#allowanceMs), undefined, { signal }).catch(ignoreAbort);
        }
      },
    };
  }

  #look(now: number): void {
    const { sockets, pins, virtualServer, candidates } = this.#options;
    const realServerOf = (client: HostPort) => pins.tracked(client, virtualServer);
    const look = lookAt(sockets.traffic(virtualServer), this.#memory, realServerOf, now);
    this.#memory = look.memory;
    for (const { realServer, at } of look.heard) candidates.heard(realServer, at);
    for (const { realServer, since } of look.suspects) candidates.suspect(realServer, since);
  }
}
