// What this node's own connections through the VIP show: requests that nobody answers. It is a reason to probe at once and
// nothing more; a request that rightly takes half a minute costs one probe. Pure.
import type { ObservedTraffic } from '../sockets/client.ts';

/** Data was sent, and for so long nothing has come. With the hang time it makes less than 5 s. */
const UNANSWERED_MS = 500;
/** A connection within a data centre is made in a few milliseconds. */
const CONNECTING_MS = 300;
/** Two readings of one moment differ by the kernel's clock tick. */
const SAME_MOMENT_MS = 50;

export interface Watched {
  readonly firstSeenAt: number;
  /** When the data was sent of which somebody was told already. */
  readonly toldOf: number;
}

/** By local port. */
export type Memory = ReadonlyMap<number, Watched>;

export interface Look {
  readonly isSuspicious: boolean;
  readonly memory: Memory;
}

/** `memory`: of the look before. Each piece of unanswered data is suspicious once. */
export function lookAt(traffic: readonly ObservedTraffic[], memory: Memory, now: number): Look {
  const next = new Map<number, Watched>();
  let isSuspicious = false;
  for (const one of traffic) {
    const before = memory.get(one.local.port);
    const firstSeenAt = before?.firstSeenAt ?? now;
    const waitsFrom = waitingSince(one, firstSeenAt, now);
    const isNews = waitsFrom !== undefined && Math.abs(waitsFrom - (before?.toldOf ?? 0)) > SAME_MOMENT_MS;
    if (isNews) isSuspicious = true;
    next.set(one.local.port, { firstSeenAt, toldOf: waitsFrom ?? before?.toldOf ?? 0 });
  }
  return { isSuspicious, memory: next };
}

/** Since when it has waited too long; undefined = it does not. */
function waitingSince(
  { state, retransmits, unackedSegments, sinceSentMs, sinceReceivedMs }: ObservedTraffic,
  firstSeenAt: number,
  now: number,
): number | undefined {
  if (state === TCP_SYN_SENT) return now - firstSeenAt >= CONNECTING_MS ? firstSeenAt : undefined;
  if (retransmits > 0 && unackedSegments > 0) return now - sinceSentMs;
  return sinceSentMs < sinceReceivedMs && sinceSentMs >= UNANSWERED_MS ? now - sinceSentMs : undefined;
}

// <net/tcp_states.h>
const TCP_SYN_SENT = 2;

const AT_LEAST_MS = 250;
const AT_MOST_MS = 5000;
/** One percent of a core, whatever else the node has open. */
const SHARE = 0.01;

/** When to look again, given what the last look cost. */
export function nextLookInMs(costMs: number): number {
  return Math.min(AT_MOST_MS, Math.max(AT_LEAST_MS, costMs / SHARE));
}
