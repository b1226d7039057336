// The kernel's tables as values: what each step does to them, and what the kernel refuses. Tests of plans execute here.
import { equalHostPort, formatHostPort, type HostPort } from '../../src/lib/model/address.ts';
import type { Observed, ObservedRealServer } from '../../src/lib/reconcile/state.ts';
import { dispatch, type Step } from '../../src/lib/reconcile/steps.ts';

/** The state after a step; throws where the kernel would refuse it. */
export function afterStep(now: Observed, step: Step): Observed {
  return dispatch<Observed>(
    {
      'set-sysctl': ({ name, value }) => {
        if (now.sysctls.get(name) === undefined) throw new Error(`ENOENT: ${name}`);
        return { ...now, sysctls: new Map(now.sysctls).set(name, value) };
      },
      'add-virtual-server': ({ scheduler, flags }) => {
        if (now.virtualServer !== undefined) throw new Error('EEXIST: virtual server');
        return { ...now, virtualServer: { scheduler, flags, timeoutS: 0 }, realServers: [] };
      },
      'update-virtual-server': ({ scheduler, flags }) => {
        requireVirtualServer(now);
        return { ...now, virtualServer: { scheduler, flags, timeoutS: 0 } };
      },
      'add-real-server': ({ realServer, weight }) => {
        requireVirtualServer(now);
        if (find(now, realServer)) throw new Error(`EEXIST: ${formatHostPort(realServer)}`);
        return { ...now, realServers: [...now.realServers, idle(realServer, weight)] };
      },
      'update-real-server': ({ realServer, weight }) => {
        const before = require(now, realServer);
        const after = { ...before, weight, masquerading: true };
        return { ...now, realServers: now.realServers.map(other => (other === before ? after : other)) };
      },
      'remove-real-server': ({ realServer }) => {
        const before = require(now, realServer);
        return { ...now, realServers: now.realServers.filter(other => other !== before) };
      },
      'replace-route': ({ source, advmss }) => ({ ...now, route: { source, advmss, ours: true } }),
      'remove-route': () => {
        if (now.route === undefined) throw new Error('ESRCH: route');
        return { ...now, route: undefined };
      },
      'remove-virtual-server': () => {
        requireVirtualServer(now);
        return { ...now, virtualServer: undefined, realServers: [] };
      },
    },
    step,
  );
}

/** The states that a plan goes through, the one before its first step included. */
export function statesOf(observed: Observed, steps: readonly Step[]): Observed[] {
  const states = [observed];
  for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
  return states;
}

export function finalState(observed: Observed, steps: readonly Step[]): Observed {
  return steps.reduce(afterStep, observed);
}

/** Some real server takes new connections. */
export function isServing({ realServers }: Observed): boolean {
  return realServers.some(({ weight }) => weight > 0);
}

function idle(realServer: HostPort, weight: number): ObservedRealServer {
  return { ...realServer, weight, masquerading: true, activeConnections: 0, inactiveConnections: 0 };
}

function find({ realServers }: Observed, realServer: HostPort): ObservedRealServer | undefined {
  return realServers.find(other => equalHostPort(other, realServer));
}

function require(now: Observed, realServer: HostPort): ObservedRealServer {
  requireVirtualServer(now);
  const found = find(now, realServer);
  if (found === undefined) throw new Error(`ENOENT: ${formatHostPort(realServer)}`);
  return found;
}

function requireVirtualServer({ virtualServer }: Observed): void {
  if (virtualServer === undefined) throw new Error('ESRCH: virtual server');
}
