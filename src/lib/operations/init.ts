// `init`: a node that had nothing reaches its masters through the VIP.
import type { ProxySpec } from '../model/spec.ts';
import type { OperationContext } from './context.ts';
import { type SyncOptions, syncTasks } from './sync.ts';
import type { Task } from './task.ts';
import { verifyTask } from './verify.ts';

/** What `sync` does, and the proof that it works. Run `checkAgainstHost` and `requireNetAdmin` before. */
export function initTasks(context: OperationContext, spec: ProxySpec, options: SyncOptions): Task[] {
  const tasks = syncTasks(context, spec, options);
  return context.dryRun ? tasks : [...tasks, verifyTask(spec)];
}
