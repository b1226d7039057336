// The tasks that change the kernel: modules, parameters, the virtual server with its real servers, the local route.
// Each looks at the kernel as it is at that moment.
import { formatModulesFile, isModuleLoaded, loadModule, neededModules } from '../host/modules.ts';
import { MODULES_LOAD_FILE, SYSCTL_FILE } from '../host/paths.ts';
import { formatSysctlFile, WANTED_SYSCTLS } from '../host/sysctl.ts';
import type { ProxySpec } from '../model/spec.ts';
import { applyStep } from '../reconcile/apply.ts';
import { observe } from '../reconcile/kernel.ts';
import { plan } from '../reconcile/plan.ts';
import { describeStep, type Step, type StepKind } from '../reconcile/steps.ts';
import { readFileIfThere, writeFileIfChanged } from '../store/atomic-file.ts';
import { rememberSysctls } from '../store/state-file.ts';
import { desiredFrom, type OperationContext } from './context.ts';
import { changes, HalfDoneError, inTurn, type Task } from './task.ts';

const NO_SYSCTLS: ReadonlyMap<string, string> = new Map();

export function modulesTask(context: OperationContext, spec: ProxySpec): Task {
  return {
    title: 'kernel modules',
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
      lines.push(...keepFile(context, MODULES_LOAD_FILE, formatModulesFile(modules)));
      return changes(lines, warnings);
    },
  };
}

async function load(name: string, done: readonly string[]): Promise<{ warning?: string }> {
  try {
    return await loadModule(name);
  } catch (error) {
    throw done.length === 0 ? error : new HalfDoneError(done, error);
  }
}

export function sysctlTask(context: OperationContext, spec: ProxySpec): Task {
  return {
    title: 'kernel parameters',
    run() {
      const steps = stepsOf(context, { ...spec, route: false }, ['set-sysctl'], WANTED_SYSCTLS);
      const before = steps.flatMap(step => (step.kind === 'set-sysctl' ? [[step.name, step.before]] : []));
      if (!context.dryRun && before.length > 0)
        rememberSysctls(context.persistDir, Object.fromEntries(before));
      const lines = execute(context, steps);
      return changes([...lines, ...keepFile(context, SYSCTL_FILE, formatSysctlFile(WANTED_SYSCTLS))]);
    },
  };
}

const ADDITIONS: readonly StepKind[] = ['add-virtual-server', 'add-real-server'];
const CHANGES: readonly StepKind[] = ['update-virtual-server', 'update-real-server', 'remove-real-server'];

export function virtualServerTask(context: OperationContext, spec: ProxySpec, addOnly = false): Task {
  const kinds = addOnly ? ADDITIONS : [...ADDITIONS, ...CHANGES];
  return {
    title: 'virtual server and real servers',
    run: () => changes(execute(context, stepsOf(context, { ...spec, route: false }, kinds, NO_SYSCTLS))),
  };
}

export function routeTask(context: OperationContext, spec: ProxySpec): Task {
  return {
    title: 'local route of the VIP',
    run: () => changes(execute(context, stepsOf(context, spec, ['replace-route'], NO_SYSCTLS))),
  };
}

function stepsOf(
  { kernel }: OperationContext,
  spec: ProxySpec,
  kinds: readonly StepKind[],
  sysctls: ReadonlyMap<string, string>,
): Step[] {
  const desired = desiredFrom(spec, sysctls, kernel.routes);
  const observed = observe(kernel, spec.virtualServer, sysctls.keys());
  return plan(desired, observed).filter(step => kinds.includes(step.kind));
}

/** Executes the steps unless this is a dry run; returns their sentences. */
export function execute({ kernel, dryRun }: OperationContext, steps: readonly Step[]): string[] {
  return inTurn(steps, step => {
    if (!dryRun) applyStep(kernel, step);
    return describeStep(step);
  });
}

function keepFile({ dryRun }: OperationContext, path: string, contents: string): string[] {
  const changed = dryRun ? readFileIfThere(path) !== contents : writeFileIfChanged(path, contents);
  return changed ? [`write ${path}`] : [];
}
