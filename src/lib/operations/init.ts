// `init`: a node that had nothing reaches its masters through the VIP, and does so again after the next boot.
import { resolve } from 'node:path';
import { isProxyError, ProxyError } from '../errors.ts';
import type { ProxySpec } from '../model/spec.ts';
import { readFileIfThere, requireWritable } from '../store/atomic-file.ts';
import { isPersisted, persistedPath } from '../store/persisted-set.ts';
import { modulesFile, sysctlFile } from './boot-files.ts';
import type { OperationContext } from './context.ts';
import { PERSISTED } from './persist-task.ts';
import { checkInstall, installTask, restoreService, type Service } from './service.ts';
import { serviceBinary } from './service-binary.ts';
import { type SyncOptions, syncTasks } from './sync.ts';
import type { Task } from './task.ts';
import { verifyTask } from './verify.ts';

export interface InitOptions extends SyncOptions {
  /** Install the boot restore. */
  readonly service: boolean;
}

/**
 * What `sync` does, the boot service, and the proof that it works. Run `checkAgainstHost` and `requireNetAdmin` before.
 * Throws what would fail, as far as that can be known before anything is changed.
 */
export function initTasks(context: OperationContext, spec: ProxySpec, options: InitOptions): Task[] {
  checkFiles(context, spec, options);
  const tasks = [...syncTasks(context, spec, options), ...serviceTasks(context, options)];
  return context.dryRun ? tasks : [...tasks, verifyTask(context.kernel.pins, spec)];
}

function checkFiles({ persistDir }: OperationContext, spec: ProxySpec, options: InitOptions): void {
  const files = [modulesFile(spec), ...(options.sysctl ? [sysctlFile()] : [])];
  for (const { path, contents } of files) if (readFileIfThere(path) !== contents) requireWritable(path);
  if (options.persist && !isPersisted(persistDir, spec)) requireWritable(persistedPath(persistDir));
}

function serviceTasks(context: OperationContext, options: InitOptions): Task[] {
  if (!options.service) return [];
  if (!options.persist) return [NOTHING_TO_RESTORE];
  const install = installTask(bootService(context, options), { dryRun: context.dryRun, start: true });
  return [{ ...install, needs: [PERSISTED] }];
}

const NOTHING_TO_RESTORE: Task = {
  title: 'boot service',
  run: () => ({
    status: 'unchanged',
    lines: ['not installed: nothing is persisted, so there is nothing to restore'],
  }),
};

function bootService({ persistDir }: OperationContext, { sysctl }: InitOptions): Service {
  try {
    const service = restoreService({
      binary: serviceBinary(undefined),
      persistDir: resolve(persistDir),
      sysctl,
    });
    checkInstall(service);
    return service;
  } catch (error) {
    if (!isProxyError(error)) throw error;
    const suggestions = [...error.suggestions, 'or do without the boot service: --no-service'];
    throw new ProxyError(error.code, error.message, { suggestions, cause: error });
  }
}
