// The real servers as everything together tells of them: the kernel's entry, the probe of this moment, the daemon's word.
// Pure.

import type { DaemonSnapshot } from '../http/view.ts';
import {
  compareHostPort,
  equalHostPort,
  formatHostPort,
  type HostPort,
  parseHostPort,
} from '../model/address.ts';
import type { Facts, ProbeFacts, RealServerFacts, RealServerProbe } from './report.ts';

export interface ServerView extends HostPort {
  /** Undefined = not in the kernel. */
  readonly inKernel: RealServerFacts | undefined;
  /** Named by the daemon where it could be asked, otherwise by the persisted set. */
  readonly wanted: boolean;
  /** As probed now; where it was not, the daemon's word; unknown = neither. */
  readonly health: ProbeFacts['outcome'] | 'unknown';
  /** Why it is not ready. */
  readonly reason: string | undefined;
  /** Undefined = not probed now. */
  readonly probe: RealServerProbe | undefined;
  /** The daemon's last word on it. */
  readonly said: DaemonWord | undefined;
  /** Seconds for which it has been so, where the daemon says the same. */
  readonly sinceS: number | undefined;
}

/** From its /status, or the last event that it left behind. */
export interface DaemonWord {
  readonly state: 'new' | 'ready' | 'slow' | 'closing' | 'draining' | 'dead';
  readonly forS: number;
  readonly reason: string;
}

/** Every real server that kernel, daemon, persisted set or probes name, in the order of their addresses. */
export function serverViews(facts: Facts): ServerView[] {
  const wanted = wantedServers(facts);
  const inKernel = kernelServers(facts);
  const probes = facts.probes.seen ? facts.probes.value : [];
  return unique([...inKernel, ...wanted, ...probes])
    .toSorted(compareHostPort)
    .map(({ address, port }) => {
      const server = { address, port };
      const probe = probes.find(other => equalHostPort(other, server));
      const entry = inKernel.find(other => equalHostPort(other, server));
      const said = daemonWord(facts, server, entry);
      const { health, reason } = healthOf(probe, said);
      return {
        ...server,
        inKernel: entry,
        wanted: wanted.some(other => equalHostPort(other, server)),
        health,
        reason,
        probe,
        said,
        sinceS: said !== undefined && HEALTH[said.state] === health ? said.forS : undefined,
      };
    });
}

/** Those that new connections may go to, as far as is known. */
export function serving(views: readonly ServerView[]): ServerView[] {
  return views.filter(
    ({ inKernel, health }) => inKernel !== undefined && inKernel.weight > 0 && health !== 'dead',
  );
}

export function kernelServers({ kernel }: Facts): readonly RealServerFacts[] {
  return kernel.seen ? (kernel.value?.realServers ?? []) : [];
}

/** A running daemon may know better than the file of the last boot. */
function wantedServers({ daemon, persisted }: Facts): readonly HostPort[] {
  if (daemon.snapshot.seen) return lookedAfter(daemon.snapshot.value);
  return persisted.spec?.realServers ?? [];
}

/** What the daemon keeps: not those that left and that it only remembers. A daemon of before does not say who is named. */
export function lookedAfter({ realServers }: DaemonSnapshot): HostPort[] {
  return realServers
    .filter(({ named, weight }) => named !== false || weight !== undefined)
    .map(({ address }) => parseHostPort(address));
}

const HEALTH = {
  new: 'unknown',
  ready: 'ready',
  slow: 'not-ready',
  closing: 'not-ready',
  draining: 'not-ready',
  dead: 'dead',
} as const;

function healthOf(
  probe: RealServerProbe | undefined,
  said: DaemonWord | undefined,
): Pick<ServerView, 'health' | 'reason'> {
  if (probe !== undefined) return { health: probe.outcome, reason: probe.reason };
  if (said === undefined) return { health: 'unknown', reason: undefined };
  return { health: HEALTH[said.state], reason: said.reason === '' ? undefined : said.reason };
}

function daemonWord(
  { daemon, events }: Facts,
  server: HostPort,
  inKernel: RealServerFacts | undefined,
): DaemonWord | undefined {
  const name = formatHostPort(server);
  if (daemon.snapshot.seen) {
    const view = daemon.snapshot.value.realServers.find(({ address }) => address === name);
    return view && { state: view.state, forS: Math.round(view.sinceMs / 1000), reason: view.reason };
  }
  const last = events.findLast(
    ({ object, to }) => object === `real server ${name}` && Object.hasOwn(HEALTH, to),
  );
  // The word of a daemon that may have ended long ago counts only while the kernel is as it left it.
  if (last === undefined || (last.to !== 'dead' && last.to !== 'draining')) return undefined;
  if (inKernel !== undefined && inKernel.weight > 0) return undefined;
  return { state: last.to, forS: last.ageS, reason: last.why };
}

function unique(all: readonly HostPort[]): HostPort[] {
  return all.filter((one, index) => all.findIndex(other => equalHostPort(one, other)) === index);
}
