// What this node's own connections through the VIP show. Requests that nobody answers are a reason to probe at once and
// nothing more; a request that rightly takes half a minute costs one probe. Bytes that came are a sign of life. Pure.
import { formatHostPort, type HostPort } from '../model/address.ts';
import type { ObservedTraffic } from '../sockets/client.ts';

/** Data was sent, and for so long nothing has come. With the pace of looks and the hang time it makes less than 5 s. */
export const UNANSWERED_MS = 400;
/** A connection within a data centre is made in a few milliseconds. */
const CONNECTING_MS = 300;
/** Two readings of one moment differ by the kernel's clock tick. */
const SAME_MOMENT_MS = 50;

/** A burst of connections must not hold up the daemon with questions about each. */
const ASKED_IN_A_LOOK = 256;

export interface Watched {
  readonly firstSeenAt: number;
  /** When the data was sent of which somebody was told already. */
  readonly toldOf: number;
  /** Undefined where the kernel could not tell, or was not asked; a connection stays with its real server. */
  readonly realServer: HostPort | undefined;
  readonly asked: boolean;
}

/** By the socket's cookie, in hexadecimal. */
export type Memory = ReadonlyMap<string, Watched>;

export interface Suspect {
  /** Whose answer somebody waits for; undefined = nobody knows whose. */
  readonly realServer: HostPort | undefined;
  /** When (monotonic ms) the first data was sent that is not answered. */
  readonly since: number;
}

export interface Look {
  readonly suspects: readonly Suspect[];
  /** When (monotonic ms) bytes of a real server came last. */
  readonly heard: readonly { readonly realServer: HostPort; readonly at: number }[];
  readonly memory: Memory;
}

/**
 * `memory`: of the look before. Each piece of unanswered data is suspicious once. `realServerOf` is asked once for a
 * connection, when it is seen a second time or waits: most are over before that.
 */
export function lookAt(
  traffic: readonly ObservedTraffic[],
  memory: Memory,
  realServerOf: (client: HostPort) => HostPort | undefined,
  now: number,
): Look {
  const next = new Map<string, Watched>();
  const suspects = new Map<string, Suspect>();
  const heard: { realServer: HostPort; at: number }[] = [];
  let asked = 0;
  for (const one of traffic) {
    const name = one.cookie.toString('hex');
    const before = memory.get(name);
    const firstSeenAt = before?.firstSeenAt ?? now;
    const waitsFrom = waitingSince(one, firstSeenAt, now);
    const isDue = (before !== undefined || waitsFrom !== undefined) && before?.asked !== true;
    // Those beyond are asked about next time.
    const asks = isDue && asked < ASKED_IN_A_LOOK;
    if (asks) asked += 1;
    const realServer = asks ? realServerOf(one.local) : before?.realServer;
    const isNews = waitsFrom !== undefined && Math.abs(waitsFrom - (before?.toldOf ?? 0)) > SAME_MOMENT_MS;
    if (isNews) addSuspect(suspects, { realServer, since: waitsFrom });
    if (realServer !== undefined && one.bytesReceived > 0n)
      heard.push({ realServer, at: now - one.sinceReceivedMs });
    const toldOf = waitsFrom ?? before?.toldOf ?? 0;
    next.set(name, { firstSeenAt, toldOf, realServer, asked: asks || before?.asked === true });
  }
  return { suspects: [...suspects.values()], heard, memory: next };
}

function addSuspect(suspects: Map<string, Suspect>, suspect: Suspect): void {
  const name = suspect.realServer === undefined ? '' : formatHostPort(suspect.realServer);
  const known = suspects.get(name);
  if (known === undefined || suspect.since < known.since) suspects.set(name, suspect);
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
