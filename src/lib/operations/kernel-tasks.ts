// The tasks that change the kernel: modules, parameters, the virtual server with its real servers, the local route.
// Each looks at the kernel as it is at that moment.
import { isProxyError, messageOf } from '../errors.ts';
import { isModuleLoaded, loadModule, neededModules } from '../host/modules.ts';
import { WANTED_SYSCTLS } from '../host/sysctl.ts';
import type { HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import { applyPlan } from '../reconcile/apply.ts';
import { desiredFrom, routeFor } from '../reconcile/desired.ts';
import { observe } from '../reconcile/kernel.ts';
import { plan } from '../reconcile/plan.ts';
import { describeStep, parametersBefore, type Step, type StepKind } from '../reconcile/steps.ts';
import { breakUnserved } from '../reconcile/unserved.ts';
import { readFileIfThere, writeFileIfChanged } from '../store/atomic-file.ts';
import { rememberSysctls } from '../store/state-file.ts';
import { waitForSource } from './address-wait.ts';
import { type BootFile, modulesFile, sysctlFile } from './boot-files.ts';
import { type OperationContext, requireSource } from './context.ts';
import { changes, HalfDoneError, type Task } from './task.ts';

export const MODULES = 'kernel modules';
export const TABLES = 'virtual server and real servers';
export const ROUTE = 'local route of the VIP';

const NO_SYSCTLS: ReadonlyMap<string, string> = new Map();

export function modulesTask(context: OperationContext, spec: ProxySpec): Task {
  return {
    title: MODULES,
    async run() {
      const modules = neededModules(spec.scheduler);
      const lines: string[] = [];
      const warnings: string[] = [];
      for (const name of modules.filter(module => !isModuleLoaded(module))) {
        const { warning } = context.dryRun ? {} : await load(name, lines);
        if (warning !== undefined) warnings.push(warning);
        // modprobe has nothing to do, and /sys/module nothing to show, for a module that is built into the kernel.
        else if (context.dryRun || isModuleLoaded(name)) lines.push(`load module ${name}`);
      }
      const file = keepFile(context, modulesFile(spec));
      return changes([...lines, ...file.lines], [...warnings, ...file.warnings]);
    },
  };
}

async function load(name: string, done: readonly string[]): Promise<{ warning?: string }> {
  try {
    return await loadModule(name);
  } catch (error) {
    throw new HalfDoneError(done, error);
  }
}

export function sysctlTask(context: OperationContext, spec: ProxySpec): Task {
  return {
    title: 'kernel parameters',
    needs: [MODULES],
    run() {
      const steps = stepsOf(context, { ...spec, route: false }, ['set-sysctl'], WANTED_SYSCTLS);
      const forgotten = context.dryRun ? [] : rememberBefore(context, steps);
      const lines = execute(context, steps);
      const file = keepFile(context, sysctlFile());
      return changes([...lines, ...file.lines], [...forgotten, ...file.warnings]);
    },
  };
}

/** Only `clean` needs to know: a state file that cannot be used must not keep a node from booting. */
function rememberBefore({ persistDir }: OperationContext, steps: readonly Step[]): string[] {
  const before = parametersBefore(steps);
  if (before === undefined) return [];
  try {
    rememberSysctls(persistDir, before);
    return [];
  } catch (error) {
    if (!isProxyError(error)) throw error;
    return [`${error.message}, so clean will not put kernel parameters back`];
  }
}

const ADDITIONS: readonly StepKind[] = ['add-virtual-server', 'add-real-server'];
const CHANGES: readonly StepKind[] = ['update-virtual-server', 'update-real-server', 'remove-real-server'];

export function virtualServerTask(context: OperationContext, spec: ProxySpec, addOnly = false): Task {
  const kinds = addOnly ? ADDITIONS : [...ADDITIONS, ...CHANGES];
  return {
    title: TABLES,
    needs: [MODULES],
    async run() {
      const lines = execute(context, stepsOf(context, { ...spec, route: false }, kinds, NO_SYSCTLS));
      if (lines.length === 0 || context.dryRun) return changes(lines);
      const broken = await breakConnections(context, spec.virtualServer);
      return changes([...lines, ...broken.lines], broken.warnings);
    },
  };
}

/** Waits so long for a source address, when there is none. */
export function routeTask(context: OperationContext, spec: ProxySpec, addressTimeoutMs = 0): Task {
  return {
    title: ROUTE,
    needs: [MODULES],
    async run() {
      const waitedMs = context.dryRun
        ? 0
        : await waitForSource(spec, context.kernel.routes, addressTimeoutMs);
      const result = changes(execute(context, stepsOf(context, spec, ['replace-route'], NO_SYSCTLS)));
      if (waitedMs < 1000) return result;
      return {
        ...result,
        lines: [`waited ${Math.round(waitedMs / 1000)} s for an address`, ...result.lines],
      };
    },
  };
}

/** Of the table of IPVS; a node may have a hundred thousand connections that are not ours. */
const LONG_TABLE_MS = 10_000;

/** For who is connected while real servers change. Where it cannot be done, the kernel does it with the next packet. */
export async function breakConnections(
  { kernel, sockets }: OperationContext,
  virtualServer: HostPort,
): Promise<{ lines: string[]; warnings: string[] }> {
  try {
    const count = await breakUnserved(
      { sockets, pins: kernel.pins },
      virtualServer,
      () => observe(kernel, virtualServer, []).realServers,
      AbortSignal.timeout(LONG_TABLE_MS),
    );
    if (count === 0) return { lines: [], warnings: [] };
    const connections = count === 1 ? '1 connection' : `${count} connections`;
    return { lines: [`break ${connections} that no real server serves`], warnings: [] };
  } catch (error) {
    return { lines: [], warnings: [`idle connections were not broken: ${messageOf(error)}`] };
  }
}

function stepsOf(
  { kernel }: OperationContext,
  spec: ProxySpec,
  kinds: readonly StepKind[],
  sysctls: ReadonlyMap<string, string>,
): Step[] {
  const observed = observe(kernel, spec.virtualServer, sysctls.keys());
  // An operation knows nothing of health: each real server takes connections.
  const realServers = spec.realServers.map(realServer => ({ ...realServer, weight: 1 }));
  if (spec.route) requireSource(spec, kernel.routes);
  const route = spec.route ? routeFor(spec, realServers, kernel.routes, observed.route) : undefined;
  const desired = desiredFrom(spec, realServers, route, sysctls);
  return plan(desired, observed).filter(step => kinds.includes(step.kind));
}

/**
 * Executes the steps unless this is a dry run; returns their sentences. When some fail, what does not depend on them is done
 * all the same; then they are thrown, with what was done.
 */
export function execute({ kernel, dryRun }: OperationContext, steps: readonly Step[]): string[] {
  if (dryRun) return steps.map(describeStep);
  const results = applyPlan(kernel, steps);
  const done = results.filter(({ outcome }) => outcome === 'done').map(({ step }) => describeStep(step));
  const failures = results.flatMap(result => (result.outcome === 'failed' ? [result.error] : []));
  if (failures.length === 0) return done;
  throw new HalfDoneError(done, ...failures);
}

/** It serves the next boot only: where it cannot be written, what is to be done now is done all the same. */
function keepFile(
  { dryRun }: OperationContext,
  { path, contents }: BootFile,
): { lines: string[]; warnings: string[] } {
  try {
    const changed = dryRun ? readFileIfThere(path) !== contents : writeFileIfChanged(path, contents);
    return { lines: changed ? [`write ${path}`] : [], warnings: [] };
  } catch (error) {
    if (!isProxyError(error)) throw error;
    return { lines: [], warnings: [error.message] };
  }
}
