// Looks at this node's connections through the VIP several times a second, and has the masters probed when somebody waits.
import { setTimeout as delay } from 'node:timers/promises';
import { ignoreAbort } from '../errors.ts';
import { lookAt, type Memory, nextLookInMs } from '../health/suspicion.ts';
import type { HostPort } from '../model/address.ts';
import type { SocketClient } from '../sockets/client.ts';
import type { Task } from './supervisor.ts';

/** Longer than any interval between two looks. */
const SILENT_MS = 15_000;

export function trafficTask(sockets: SocketClient, virtualServer: HostPort, suspect: () => void): Task {
  return {
    name: 'traffic',
    silentMs: SILENT_MS,
    async run(signal, alive) {
      let memory: Memory = new Map();
      while (!signal.aborted) {
        const startedAt = performance.now();
        const look = lookAt(sockets.traffic(virtualServer), memory, startedAt);
        memory = look.memory;
        if (look.isSuspicious) suspect();
        alive();
        const waitMs = nextLookInMs(performance.now() - startedAt);
        await delay(waitMs, undefined, { signal }).catch(ignoreAbort);
      }
    },
  };
}
