// What /healthz and /readyz say, from a snapshot of the daemon. Pure.
import type { DaemonSnapshot } from './view.ts';

/** A pass is made each second; so many seconds without one is not a busy machine any more. */
const STUCK_AFTER_MS = 10_000;

/** Why the process should be restarted; undefined = it is alive. */
export function livenessProblem({ lastPassAgeMs, stuck, lock }: DaemonSnapshot): string | undefined {
  // It waits for the one that has the lock, and a restart would not change that.
  if (lock.holder !== undefined) return undefined;
  if (stuck.length > 0) return stuck.join('; ');
  if (lastPassAgeMs === undefined) return 'no pass was made yet';
  if (lastPassAgeMs < STUCK_AFTER_MS) return undefined;
  return `the last pass was made ${Math.round(lastPassAgeMs / 1000)} s ago, one a second is expected`;
}

/** What is missing until the node can use the virtual server; empty = it can. */
export function missing({
  passes,
  failedPasses,
  virtualServer,
  inKernel,
  realServers,
  lock,
}: DaemonSnapshot): string[] {
  if (lock.holder !== undefined)
    return [`another daemon keeps virtual server ${virtualServer} (${lock.holder})`];
  const problems = [];
  if (passes === failedPasses) problems.push(`no pass succeeded yet, ${failedPasses} failed`);
  if (!inKernel) problems.push(`virtual server ${virtualServer} is not in the kernel`);
  else if (realServers.every(({ weight }) => weight === undefined))
    problems.push(`virtual server ${virtualServer} has no real server in the kernel`);
  return problems;
}
