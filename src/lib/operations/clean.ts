// `clean`: the node is as it was before `init`. Nothing of anybody else's is touched.
import { existsSync, rmdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoCode, isProxyError, ProxyError } from '../errors.ts';
import { MODULES_LOAD_FILE, STATIC_POD_FILE, SYSCTL_FILE } from '../host/paths.ts';
import { type HostProcess, listProcesses, sharesNetwork } from '../host/processes.ts';
import { sortProcesses } from '../host/proxy-processes.ts';
import { WANTED_SYSCTLS } from '../host/sysctl.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import { observe } from '../reconcile/kernel.ts';
import { planRemoval } from '../reconcile/plan.ts';
import { removeFile, requireWritable } from '../store/atomic-file.ts';
import { DaemonLock } from '../store/daemon-lock.ts';
import { memoryPath } from '../store/memory.ts';
import { loadPersisted, persistedPath } from '../store/persisted-set.ts';
import { damagedStatePath, loadState, statePath } from '../store/state-file.ts';
import type { OperationContext } from './context.ts';
import { breakConnections, execute } from './kernel-tasks.ts';
import { ALL_ROLES, checkRemoval, removalTask, SERVICES, UNITS } from './service.ts';
import { changes, inTurn, type Task } from './task.ts';

const TABLES = 'virtual server and route';
const PARAMETERS = 'kernel parameters';

export interface CleanOptions {
  /** Remove the persisted set and the state file as well. */
  readonly purge: boolean;
}

/** Throws what would fail, as far as that can be known before anything is changed. */
export function cleanTasks(
  context: OperationContext,
  virtualServer: HostPort,
  options: CleanOptions,
): Task[] {
  const other = keptVirtualServer(context, virtualServer);
  if (other !== undefined) {
    const withRoute = other.address !== virtualServer.address;
    return [tablesTask(context, virtualServer, withRoute), sharedStays(other, virtualServer, context)];
  }
  const files = filesOf(context.persistDir, options);
  checkRemoval(ALL_ROLES);
  for (const path of files.filter(path => existsSync(path))) requireWritable(path);
  return [
    // First: a daemon would make the rest again.
    servicesTask(context),
    tablesTask(context, virtualServer),
    parametersTask(context, virtualServer),
    filesTask(context, virtualServer, files, options),
  ];
}

function servicesTask({ dryRun }: OperationContext): Task {
  const { title, run } = removalTask(ALL_ROLES, dryRun);
  return {
    title,
    async run() {
      const { lines } = await run();
      const endsPod = lines.includes(`remove ${STATIC_POD_FILE}`);
      if (dryRun && (endsPod || lines.includes(`stop ${UNITS.daemon}`))) return changes(lines);
      if (endsPod) await untilNone(runningDaemons, POD_END_MS);
      return changes(lines, runningDaemons().map(warnOf));
    },
  };
}

/** kubelet looks for its files every 20 s where it is not told of them, and the pod has 10 s to end. */
const POD_END_MS = 40_000;
const LOOK_EVERY_MS = 200;

/** Resolves when `found` finds nothing any more, and after `limitMs` all the same. */
export async function untilNone(found: () => readonly unknown[], limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (found().length > 0 && performance.now() < end) await delay(LOOK_EVERY_MS);
}

function warnOf({ pid }: HostProcess): string {
  return `a daemon runs (process ${pid}) and makes again within a second what is removed: stop it, or delete its DaemonSet, and run clean again`;
}

function runningDaemons(): HostProcess[] {
  return sortProcesses(listProcesses()).daemons.filter(daemon => sharesNetwork(daemon));
}

/** The one that boots here, when it is another one: service, files and parameters are there for it. */
function keptVirtualServer({ persistDir }: OperationContext, virtualServer: HostPort): HostPort | undefined {
  try {
    const kept = loadPersisted(persistDir)?.spec.virtualServer;
    return kept !== undefined && equalHostPort(kept, virtualServer) ? undefined : kept;
  } catch (error) {
    if (isProxyError(error)) return undefined; // nothing boots from it
    throw error;
  }
}

function sharedStays(other: HostPort, virtualServer: HostPort, { persistDir }: OperationContext): Task {
  const line = `service, files and kernel parameters stay: they are there for virtual server ${formatHostPort(other)}`;
  const isKept = new DaemonLock(persistDir, virtualServer).isTaken;
  return {
    title: 'what is shared',
    run: () => changes([], isKept ? [line, ...runningDaemons().map(warnOf)] : [line]),
  };
}

/** `withRoute`: nobody else needs it. */
function tablesTask(context: OperationContext, virtualServer: HostPort, withRoute = true): Task {
  return {
    title: TABLES,
    needs: [SERVICES],
    async run() {
      const all = planRemoval({ virtualServer, sysctls: NONE }, observe(context.kernel, virtualServer, []));
      const steps = all.filter(({ kind }) => withRoute || kind !== 'remove-route');
      const lines = execute(context, steps);
      const cuts = steps.some(({ kind }) => kind === 'remove-virtual-server');
      if (!cuts || context.dryRun) return changes(lines);
      const broken = await breakConnections(context, virtualServer);
      return changes([...lines, ...broken.lines], broken.warnings);
    },
  };
}

const NONE: ReadonlyMap<string, string> = new Map();

function parametersTask(context: OperationContext, virtualServer: HostPort): Task {
  return {
    title: PARAMETERS,
    needs: [TABLES],
    run() {
      const { sysctls, warnings } = parametersBefore(context.persistDir);
      if (othersNeed(context, virtualServer, sysctls)) {
        const line = `${[...sysctls.keys()].join(', ')}: left as they are, for the virtual servers of others`;
        return changes([], [...warnings, line]);
      }
      const observed = observe(context.kernel, virtualServer, sysctls.keys());
      const steps = planRemoval({ virtualServer, sysctls }, observed).filter(
        ({ kind }) => kind === 'set-sysctl',
      );
      return changes(execute(context, steps), warnings);
    },
  };
}

/** They are for all of IPVS. What they were before stays known, for the one who removes the last virtual server. */
function othersNeed(
  { kernel }: OperationContext,
  virtualServer: HostPort,
  sysctls: ReadonlyMap<string, string>,
): boolean {
  return sysctls.size > 0 && kernel.ipvs?.services().some(one => !equalHostPort(one, virtualServer)) === true;
}

/** The state file can be written by a pod: only what we ever set is put back, and only to what such a parameter can be. */
function parametersBefore(persistDir: string): { sysctls: Map<string, string>; warnings: string[] } {
  try {
    const all = Object.entries(loadState(persistDir).sysctlsBefore);
    const isOurs = ([name, value]: [string, string]): boolean =>
      WANTED_SYSCTLS.has(name) && /^\d{1,9}$/.test(value);
    const foreign = all.filter(entry => !isOurs(entry)).map(([name]) => name);
    const warnings = foreign.map(
      name => `${name} stands in ${statePath(persistDir)} and is not ours: left alone`,
    );
    return { sysctls: new Map(all.filter(isOurs)), warnings };
  } catch (error) {
    if (!isProxyError(error)) throw error;
    return { sysctls: new Map(), warnings: [`${error.message}, so no kernel parameter is put back`] };
  }
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

function filesOf(persistDir: string, { purge }: CleanOptions): string[] {
  const persisted = purge ? [persistedPath(persistDir), `${persistedPath(persistDir)}.prev`] : [];
  const state = [statePath(persistDir), damagedStatePath(persistDir), memoryPath(persistDir)];
  return [MODULES_LOAD_FILE, SYSCTL_FILE, ...state, ...persisted];
}

function filesTask(
  context: OperationContext,
  virtualServer: HostPort,
  files: readonly string[],
  { purge }: CleanOptions,
): Task {
  const { dryRun, persistDir } = context;
  return {
    title: 'files',
    needs: [PARAMETERS],
    run() {
      const isKept = othersNeed(context, virtualServer, parametersBefore(persistDir).sysctls);
      const removed = files.filter(path => !(isKept && path === statePath(persistDir)));
      const lines = inTurn(removed, path => {
        const isThere = dryRun ? existsSync(path) : removeFile(path);
        return isThere ? `remove ${path}` : undefined;
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
