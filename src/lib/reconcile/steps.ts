// The vocabulary of a plan: every change that this program makes to the kernel's tables, and its sentence.
import { formatHostPort, type HostPort } from '../model/address.ts';

/** Arguments of each kind of step. The union and the executors derive from it: a step nobody executes does not compile. */
export interface StepArgs {
  'set-sysctl': { name: string; value: string; before: string };
  'add-virtual-server': { virtualServer: HostPort; scheduler: string; flags: number };
  'update-virtual-server': {
    virtualServer: HostPort;
    scheduler: string;
    flags: number;
    schedulerBefore: string;
  };
  'add-real-server': { virtualServer: HostPort; realServer: HostPort; weight: number };
  'update-real-server': {
    virtualServer: HostPort;
    realServer: HostPort;
    weight: number;
    weightBefore: number;
  };
  'remove-real-server': { virtualServer: HostPort; realServer: HostPort; activeConnections: number };
  'replace-route': {
    vip: string;
    source: string | undefined;
    advmss?: number | undefined;
    /** Undefined = there is no route yet. */
    before: { source: string | undefined } | undefined;
  };
  'remove-route': { vip: string };
  'remove-virtual-server': { virtualServer: HostPort; realServers: number };
}

export type StepKind = keyof StepArgs;
export type StepOf<K extends StepKind> = { readonly kind: K } & Readonly<StepArgs[K]>;
export type Step = { [K in StepKind]: StepOf<K> }[StepKind];

const SENTENCES: { [K in StepKind]: (args: StepArgs[K]) => string } = {
  'set-sysctl': ({ name, value, before }) => `set ${name} = ${value} (was ${before})`,
  'add-virtual-server': ({ virtualServer, scheduler }) =>
    `add virtual server ${formatHostPort(virtualServer)}, scheduler ${scheduler}`,
  'update-virtual-server': ({ virtualServer, scheduler, schedulerBefore }) =>
    scheduler === schedulerBefore
      ? `set the flags of virtual server ${formatHostPort(virtualServer)}`
      : `change scheduler of virtual server ${formatHostPort(virtualServer)} from ${schedulerBefore || 'none'} to ${scheduler}`,
  'add-real-server': ({ realServer, weight }) =>
    `add real server ${formatHostPort(realServer)}, weight ${weight}`,
  'update-real-server': ({ realServer, weight, weightBefore }) =>
    weight === weightBefore
      ? `set real server ${formatHostPort(realServer)} to masquerading`
      : `change weight of real server ${formatHostPort(realServer)} from ${weightBefore} to ${weight}`,
  'remove-real-server': ({ realServer, activeConnections }) =>
    `remove real server ${formatHostPort(realServer)} (${countOf(activeConnections, 'active connection')})`,
  'replace-route': ({ vip, source, advmss, before }) => {
    const mss = before === undefined || before.source !== source ? '' : `, MSS ${advmss}`;
    return `${before === undefined ? 'add' : 'change'} local route ${vip}${source === undefined ? '' : `, source ${source}`}${mss}`;
  },
  'remove-route': ({ vip }) => `remove local route ${vip}`,
  'remove-virtual-server': ({ virtualServer, realServers }) =>
    `remove virtual server ${formatHostPort(virtualServer)} with its ${countOf(realServers, 'real server')}`,
};

export function describeStep(step: Step): string {
  return dispatch(SENTENCES, step);
}

/** Values of the kernel parameters that the plan changes, as they are before; undefined = it changes none. */
export function parametersBefore(steps: readonly Step[]): Record<string, string> | undefined {
  const before = steps.flatMap(step => (step.kind === 'set-sysctl' ? [[step.name, step.before]] : []));
  return before.length === 0 ? undefined : Object.fromEntries(before);
}

/** Equal for two steps that do the same to the same object, whatever was counted meanwhile. */
export function identityOf(step: Step): string {
  const { kind, realServer, virtualServer, vip, name } = step as Step &
    Partial<Record<'vip' | 'name', string>> &
    Partial<Record<'realServer' | 'virtualServer', HostPort>>;
  const object = realServer ?? virtualServer;
  return `${kind} ${object === undefined ? (vip ?? name) : formatHostPort(object)}`;
}

/** Calls the handler of the step's kind; the one place that tells TypeScript that kind and arguments match. */
export function dispatch<R>(handlers: { [K in StepKind]: (args: StepArgs[K]) => R }, step: Step): R {
  const handler = handlers[step.kind] as (args: Step) => R;
  return handler(step);
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
