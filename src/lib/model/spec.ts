// What the operator wants on a node: one virtual server, its real servers, and how the VIP becomes local.
// This is what the flags say and what the persisted file holds; it knows nothing of health or of the kernel.
import { UsageError } from '../errors.ts';
import { familyOf, formatHostPort, type HostPort, rangeOf } from './address.ts';
import { type Scheduler, type SchedulerFlag, schedulerOf } from './scheduler.ts';

export interface ProxySpec {
  readonly virtualServer: HostPort;
  /** At least one, all of the virtual server's family, no two alike. */
  readonly realServers: readonly HostPort[];
  readonly scheduler: Scheduler;
  readonly schedulerFlags: readonly SchedulerFlag[];
  /** Source address of connections to the VIP; undefined = as the kernel would choose it. */
  readonly sourceIp?: string | undefined;
  /** Largest packet, in bytes, on the way to the masters, where this host cannot know it; undefined = as its routes say. */
  readonly mtu?: number | undefined;
  /** Whether the local route of the VIP is ours to keep. */
  readonly route: boolean;
}

/** What an error message calls each value: a flag on the command line, a key in a file. */
export type SpecNames = Readonly<Record<'vs' | 'rs' | 'scheduler' | 'schedulerFlags' | 'sourceIp', string>>;

const FLAGS: SpecNames = {
  vs: '--vs',
  rs: '--rs',
  scheduler: '--scheduler',
  schedulerFlags: '--scheduler-flags',
  sourceIp: '--source-ip',
};

const USE_AN_UNUSED_ADDRESS = 'choose an unused private address, for example 10.99.0.1';

/** Why an address cannot be a VIP, by the range that it is in (names of ipaddr.js). */
const UNUSABLE_VIP: Record<string, string> = {
  unspecified: 'the unspecified address means "any" and cannot be connected to',
  broadcast: 'the broadcast address cannot be connected to',
  multicast: 'a multicast address cannot be connected to over TCP',
  linkLocal: 'a link-local address has no meaning beyond one link',
  loopback:
    'a loopback address cannot be the VIP: packets from 127.0.0.1 or ::1 never leave the host, so every connection would time out',
};

/** No control plane has more; each costs every node a connection. */
export const MAX_REAL_SERVERS = 32;

/** What no other node could reach, by range. */
const UNUSABLE_REAL_SERVER: Record<string, string> = {
  unspecified: 'the unspecified address',
  broadcast: 'the broadcast address',
  multicast: 'a multicast address',
  linkLocal: 'a link-local address',
  loopback: 'a loopback address',
  reserved: 'a reserved address',
};

/** Why it cannot be a real server, whoever names it, as the end of a sentence "it is ..."; undefined = it can. */
export function realServerProblem({ address }: HostPort, virtualServer: HostPort): string | undefined {
  if (address === virtualServer.address) return 'the VIP itself';
  if (familyOf(address) !== familyOf(virtualServer.address)) return 'of another address family than the VIP';
  // ipaddr.js knows a range "reserved" that has documentation networks in it as well.
  const range = rangeOf(address);
  return range === 'reserved' && !isClassE(address) ? undefined : UNUSABLE_REAL_SERVER[range];
}

function isClassE(address: string): boolean {
  return Number(address.split('.')[0]) >= 240;
}

/** Throws a UsageError that names the flag (or key), the value, the rule and the remedy. */
export function validateSpec(spec: ProxySpec, names: SpecNames = FLAGS): void {
  validateSpecBeforeDiscovery(spec, names);
  if (spec.realServers.length > 0) return;
  throw new UsageError(
    `${names.rs}: at least one real server is needed; give ${names.rs} HOST:PORT once for each master`,
  );
}

/** The same where the real servers may still be unknown, because discovery is going to name them. */
export function validateSpecBeforeDiscovery(spec: ProxySpec, names: SpecNames): void {
  checkVip(spec.virtualServer, names);
  checkRealServers(spec, names);
  for (const flag of spec.schedulerFlags) {
    if (schedulerOf(flag) === spec.scheduler) continue;
    throw new UsageError(
      `${names.schedulerFlags} ${flag}: the flag belongs to scheduler ${schedulerOf(flag)}, not to ${spec.scheduler}; leave it out or use ${names.scheduler} ${schedulerOf(flag)}`,
    );
  }
  if (spec.sourceIp !== undefined && familyOf(spec.sourceIp) !== familyOf(spec.virtualServer.address)) {
    throw new UsageError(
      `${names.sourceIp} ${spec.sourceIp}: the source must be of the VIP's address family (${formatHostPort(spec.virtualServer)}); give an address of this host of that family`,
    );
  }
}

function checkVip(vip: HostPort, names: SpecNames): void {
  const range = rangeOf(vip.address);
  const reserved = range !== 'broadcast' && isClassE(vip.address);
  const reason = reserved ? 'addresses of 240.0.0.0/4 are reserved, and not routed' : UNUSABLE_VIP[range];
  if (reason !== undefined) {
    throw new UsageError(`${names.vs} ${formatHostPort(vip)}: ${reason}; ${USE_AN_UNUSED_ADDRESS}`);
  }
}

function checkRealServers({ virtualServer, realServers }: ProxySpec, names: SpecNames): void {
  if (realServers.length > MAX_REAL_SERVERS) {
    throw new UsageError(
      `${names.rs}: ${realServers.length} real servers are given, and at most ${MAX_REAL_SERVERS} can be served; give the masters`,
    );
  }
  const seen = new Set<string>();
  for (const realServer of realServers) {
    const text = formatHostPort(realServer);
    if (familyOf(realServer.address) !== familyOf(virtualServer.address)) {
      throw new UsageError(
        `${names.rs} ${text}: real servers must be of the VIP's address family (${formatHostPort(virtualServer)}), the kernel refuses a mix; give the master's address of that family`,
      );
    }
    if (realServer.address === virtualServer.address) {
      throw new UsageError(
        `${names.vs} ${formatHostPort(virtualServer)}: the VIP must not be the address of a real server (${names.rs} ${text}); ${USE_AN_UNUSED_ADDRESS}`,
      );
    }
    const unusable = realServerProblem(realServer, virtualServer);
    if (unusable !== undefined) {
      throw new UsageError(
        `${names.rs} ${text}: ${unusable} cannot be a real server; give the address at which other nodes reach this master`,
      );
    }
    if (seen.has(text))
      throw new UsageError(`${names.rs} ${text}: the real server is given twice; give each master once`);
    seen.add(text);
  }
}
