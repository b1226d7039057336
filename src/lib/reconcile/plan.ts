// The decisions: what to change so that the kernel has what we want. Pure; executing is apply.ts.
//
// INVARIANTS (tested with generated inputs):
// - Never empty: no plan leaves the virtual server without a real server that takes connections.
// - Make before break: additions and raised weights come before lowered weights and removals.
// - The virtual server is changed in place, never deleted and made again.
// - Only ours: every step names our virtual server, our VIP or a parameter that we were given.
// - A plan that was executed leaves nothing to plan.
import { equalHostPort } from '../model/address.ts';
import type { Desired, DesiredRealServer, Observed, ObservedRealServer } from './state.ts';
import type { Step } from './steps.ts';

export function plan(desired: Desired, observed: Observed): Step[] {
  return [
    ...planSysctls(desired, observed),
    ...planVirtualServer(desired, observed),
    ...planRealServers(desired, observed),
    ...planRoute(desired, observed),
  ];
}

/** Everything of ours goes, the route last: until then new connections are refused at once instead of leaving the host. */
export function planRemoval(desired: Pick<Desired, 'virtualServer' | 'sysctls'>, observed: Observed): Step[] {
  const { virtualServer } = desired;
  const steps: Step[] = [];
  if (observed.virtualServer !== undefined) {
    steps.push({ kind: 'remove-virtual-server', virtualServer, realServers: observed.realServers.length });
  }
  if (observed.route?.ours) steps.push({ kind: 'remove-route', vip: virtualServer.address });
  return [...steps, ...planSysctls(desired, observed)];
}

function planSysctls({ sysctls }: Pick<Desired, 'sysctls'>, observed: Observed): Step[] {
  const steps: Step[] = [];
  for (const [name, value] of sysctls) {
    const before = observed.sysctls.get(name);
    if (before !== undefined && before !== value) steps.push({ kind: 'set-sysctl', name, value, before });
  }
  return steps;
}

function planVirtualServer({ virtualServer, scheduler, flags }: Desired, observed: Observed): Step[] {
  const now = observed.virtualServer;
  if (now === undefined) return [{ kind: 'add-virtual-server', virtualServer, scheduler, flags }];
  if (now.scheduler === scheduler && now.flags === flags && now.timeoutS === 0) return [];
  return [{ kind: 'update-virtual-server', virtualServer, scheduler, flags, schedulerBefore: now.scheduler }];
}

function planRealServers(desired: Desired, observed: Observed): Step[] {
  const { virtualServer } = desired;
  const wanted = neverEmpty(desired.realServers, observed.realServers);
  const make: Step[] = [];
  const lower: Step[] = [];
  for (const { weight, ...realServer } of wanted) {
    const now = observed.realServers.find(other => equalHostPort(other, realServer));
    if (now === undefined) {
      make.push({ kind: 'add-real-server', virtualServer, realServer, weight });
    } else if (now.weight !== weight || !now.masquerading) {
      const step: Step = {
        kind: 'update-real-server',
        virtualServer,
        realServer,
        weight,
        weightBefore: now.weight,
      };
      (weight < now.weight ? lower : make).push(step);
    }
  }
  const gone = observed.realServers.filter(now => !wanted.some(other => equalHostPort(other, now)));
  const remove = gone.map(
    ({ address, port, activeConnections }): Step => ({
      kind: 'remove-real-server',
      virtualServer,
      realServer: { address, port },
      activeConnections,
    }),
  );
  return [...make, ...lower, ...remove];
}

/**
 * The last real servers stay. Nothing wanted: those in the kernel are kept as they are. Nothing wanted with a weight:
 * all of them take connections, so that service resumes by itself with the first one that works.
 */
function neverEmpty(
  wanted: readonly DesiredRealServer[],
  observed: readonly ObservedRealServer[],
): readonly DesiredRealServer[] {
  const candidates =
    wanted.length > 0 ? wanted : observed.map(({ address, port, weight }) => ({ address, port, weight }));
  if (candidates.some(({ weight }) => weight > 0)) return candidates;
  return candidates.map(candidate => ({ ...candidate, weight: 1 }));
}

function planRoute({ virtualServer, route }: Desired, observed: Observed): Step[] {
  if (route === undefined) return [];
  const now = observed.route;
  // A source that is wanted must be there; where the kernel chooses, any source that is set was set by hand.
  const { source, advmss = now?.advmss } = route;
  // One that somebody else made, and that works, stays theirs.
  if (now !== undefined && now.source === source && (now.advmss === advmss || !now.ours)) return [];
  return [
    {
      kind: 'replace-route',
      vip: virtualServer.address,
      source,
      advmss,
      before: now && { source: now.source },
    },
  ];
}
