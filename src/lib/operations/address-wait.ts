// The local route of an IPv4 VIP needs a source address. At boot it waits for one: addresses come when the network is up,
// which nobody can say in advance.
import { setTimeout as delay } from 'node:timers/promises';
import type { ProxySpec } from '../model/spec.ts';
import type { RouteClient } from '../route/client.ts';
import { requireSource } from './context.ts';

/** An answer costs 10 us. */
const ASK_EVERY_MS = 200;

/**
 * Returns after how many ms the route could be made. Throws ProxyError "no-source-address" when the time is over; with 0
 * at once.
 */
export async function waitForSource(
  spec: ProxySpec,
  routes: RouteClient,
  timeoutMs: number,
): Promise<number> {
  const startedAt = performance.now();
  while (true) {
    const waited = performance.now() - startedAt;
    try {
      requireSource(spec, routes);
      return waited;
    } catch (error) {
      if (waited >= timeoutMs) throw error;
    }
    await delay(Math.min(ASK_EVERY_MS, timeoutMs - waited));
  }
}
