// Bounds for everything that the lab waits for: a promise, or a condition that something else makes true.
import { setTimeout as delay } from 'node:timers/promises';
import { chosenVariant } from './variant.ts';

/** See variant.ts. */
export const SLOWNESS = chosenVariant().slowness;

/** For what takes seconds: only what never comes should be waited for in vain, however busy the machine. */
export const PATIENCE_MS = 60_000 * SLOWNESS;

/** Rejects when `promise` has not settled within `timeoutMs`; `what` names it in the message. */
export async function bounded<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what}: not done after ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until `probe` answers something other than undefined or false, and resolves to that. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  { timeoutMs = PATIENCE_MS, everyMs = 100 } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not so after ${timeoutMs} ms`);
    await delay(everyMs);
  }
}
