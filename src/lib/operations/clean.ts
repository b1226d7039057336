// `clean`: the node is as it was before `init`. Nothing of anybody else's is touched.
import { existsSync, rmdirSync } from 'node:fs';
import { errnoCode, ProxyError } from '../errors.ts';
import { MODULES_LOAD_FILE, SYSCTL_FILE } from '../host/paths.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { observe } from '../reconcile/kernel.ts';
import { planRemoval } from '../reconcile/plan.ts';
import type { StepKind } from '../reconcile/steps.ts';
import { removeFile } from '../store/atomic-file.ts';
import { persistedPath } from '../store/persisted-set.ts';
import { loadState, statePath } from '../store/state-file.ts';
import type { OperationContext } from './context.ts';
import { execute } from './kernel-tasks.ts';
import { changes, inTurn, type Task } from './task.ts';

export interface CleanOptions {
  /** Remove the persisted set and the state file as well. */
  readonly purge: boolean;
}

export function cleanTasks(
  context: OperationContext,
  virtualServer: HostPort,
  options: CleanOptions,
): Task[] {
  return [
    removalTask(context, virtualServer, 'virtual server and route', [
      'remove-virtual-server',
      'remove-route',
    ]),
    removalTask(context, virtualServer, 'kernel parameters', ['set-sysctl']),
    filesTask(context, options),
  ];
}

function removalTask(
  context: OperationContext,
  virtualServer: HostPort,
  title: string,
  kinds: StepKind[],
): Task {
  return {
    title,
    run() {
      const sysctls = new Map(Object.entries(loadState(context.persistDir).sysctlsBefore));
      const observed = observe(context.kernel, virtualServer, sysctls.keys());
      const steps = planRemoval({ virtualServer, sysctls }, observed);
      return changes(
        execute(
          context,
          steps.filter(step => kinds.includes(step.kind)),
        ),
      );
    },
  };
}

/** Throws a ProxyError while connections are open through the virtual server. */
export function refuseWhileInUse({ kernel }: OperationContext, virtualServer: HostPort): void {
  const { realServers } = observe(kernel, virtualServer, []);
  const open = realServers.reduce((sum, { activeConnections }) => sum + activeConnections, 0);
  if (open === 0) return;
  const subject = open === 1 ? '1 connection is' : `${open} connections are`;
  throw new ProxyError(
    'in-use',
    `${subject} open through ${formatHostPort(virtualServer)} (kubelet?) and would break`,
    {
      suggestions: [
        'point what uses it elsewhere first',
        'or remove it all the same: bcs-apiserver-proxy clean --force',
      ],
    },
  );
}

function filesTask({ dryRun, persistDir }: OperationContext, { purge }: CleanOptions): Task {
  // The state file goes in any case: what it remembers was put back by the task before.
  const persisted = purge ? [persistedPath(persistDir), `${persistedPath(persistDir)}.prev`] : [];
  const files = [MODULES_LOAD_FILE, SYSCTL_FILE, statePath(persistDir), ...persisted];
  return {
    title: 'files',
    run() {
      const lines = inTurn(files, path => {
        const removed = dryRun ? existsSync(path) : removeFile(path);
        return removed ? `remove ${path}` : undefined;
      });
      if (purge && !dryRun) removeIfEmpty(persistDir);
      return changes(lines);
    },
  };
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errnoCode(error) ?? '')) throw error;
  }
}
