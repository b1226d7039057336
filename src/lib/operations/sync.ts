// `sync`: the kernel gets what a specification says, once. The boot restore is this, from the persisted set.
import type { ProxySpec } from '../model/spec.ts';
import type { OperationContext } from './context.ts';
import { modulesTask, routeTask, sysctlTask, virtualServerTask } from './kernel-tasks.ts';
import { persistTask } from './persist-task.ts';
import type { Task } from './task.ts';

export interface SyncOptions {
  readonly sysctl: boolean;
  readonly persist: boolean;
  /** What the virtual server has stays as it is: real servers are added, and none is changed or removed. */
  readonly addOnly?: boolean;
  /** How long the local route may wait for a source address; default not at all. */
  readonly addressTimeoutMs?: number;
}

/** Run `requireNetAdmin` before: a refusal is one sentence, not a list of what was not done. */
export function syncTasks(context: OperationContext, spec: ProxySpec, options: SyncOptions): Task[] {
  return [
    modulesTask(context, spec),
    ...(options.sysctl ? [sysctlTask(context, spec)] : []),
    virtualServerTask(context, spec, options.addOnly),
    ...(spec.route ? [routeTask(context, spec, options.addressTimeoutMs)] : []),
    ...(options.persist ? [persistTask(context, spec)] : []),
  ];
}
