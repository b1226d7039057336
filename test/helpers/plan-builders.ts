// The two sides of a plan with every field defaulted: a test names only what it is about.
import type {
  Desired,
  Observed,
  ObservedRealServer,
  ObservedVirtualServer,
} from '../../src/lib/reconcile/state.ts';

export const VIP = '10.99.0.1';
export const VIRTUAL_SERVER = { address: VIP, port: 6443 };
export const WORKER = '10.0.0.2';

const MASTERS = { a: '10.0.0.11', b: '10.0.0.12', c: '10.0.0.13' };
export type Master = keyof typeof MASTERS;

/** Real server of a master by its letter. */
export function master(name: Master): { address: string; port: number } {
  return { address: MASTERS[name], port: 6443 };
}

/** Masters by their letters with their weights: `{ a: 1, b: 0 }`. */
type Weights = Partial<Record<Master, number>>;

interface DesiredOptions extends Partial<Omit<Desired, 'realServers'>> {
  readonly masters?: Weights;
}

/** Masters a and b, scheduler sh, the local route from the worker's address, no kernel parameters. */
export function desired({ masters = { a: 1, b: 1 }, ...rest }: DesiredOptions = {}): Desired {
  return {
    virtualServer: VIRTUAL_SERVER,
    scheduler: 'sh',
    flags: 8,
    realServers: entriesOf(masters).map(([name, weight]) => ({ ...master(name), weight })),
    route: { source: WORKER },
    sysctls: new Map(),
    ...rest,
  };
}

interface ObservedOptions extends Partial<Omit<Observed, 'realServers'>> {
  readonly masters?: Weights;
  /** Fields of all real servers. */
  readonly each?: Partial<ObservedRealServer>;
}

/** What the kernel has once `desired()` was executed. */
export function observed({ masters = { a: 1, b: 1 }, each = {}, ...rest }: ObservedOptions = {}): Observed {
  return {
    virtualServer: virtualServer(),
    realServers: entriesOf(masters).map(([name, weight]) => ({
      ...master(name),
      weight,
      masquerading: true,
      activeConnections: 0,
      inactiveConnections: 0,
      ...each,
    })),
    route: { source: WORKER, ours: true },
    sysctls: new Map(),
    ...rest,
  };
}

export function virtualServer(fields: Partial<ObservedVirtualServer> = {}): ObservedVirtualServer {
  return { scheduler: 'sh', flags: 8, timeoutS: 0, ...fields };
}

/** A kernel that never heard of us. */
export const NOTHING: Observed = observed({ virtualServer: undefined, masters: {}, route: undefined });

function entriesOf(masters: Weights): [Master, number][] {
  return Object.entries(masters) as [Master, number][];
}
