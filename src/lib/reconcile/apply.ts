// Executes a plan against the kernel. A failed step holds back only what depends on it: after something that was to be
// made and was not, nothing of the virtual server is lowered or removed; everything else is done all the same.
import { ProxyError } from '../errors.ts';
import type { IpvsClient } from '../ipvs/client.ts';
import { destinationFor, type Kernel, serviceFor } from './kernel.ts';
import { dispatch, type Step, type StepArgs, type StepKind } from './steps.ts';

export type StepResult =
  | { readonly step: Step; readonly outcome: 'done' | 'held-back' }
  | { readonly step: Step; readonly outcome: 'failed'; readonly error: unknown };

export function applyPlan(kernel: Kernel, steps: readonly Step[]): StepResult[] {
  let missing = false;
  let unmade = false;
  return steps.map(step => {
    if ((missing && ofVirtualServer(step)) || (unmade && takesAway(step)))
      return { step, outcome: 'held-back' };
    try {
      dispatch(executors(kernel), step);
      return { step, outcome: 'done' };
    } catch (error) {
      missing ||= step.kind === 'add-virtual-server';
      unmade ||= makes(step);
      return { step, outcome: 'failed', error };
    }
  });
}

function makes(step: Step): boolean {
  return step.kind === 'add-real-server' || (step.kind === 'update-real-server' && !takesAway(step));
}

function takesAway(step: Step): boolean {
  return (
    step.kind === 'remove-real-server' ||
    (step.kind === 'update-real-server' && step.weight < step.weightBefore)
  );
}

function ofVirtualServer({ kind }: Step): boolean {
  return kind === 'add-real-server' || kind === 'update-real-server' || kind === 'remove-real-server';
}

function executors(kernel: Kernel): { [K in StepKind]: (args: StepArgs[K]) => void } {
  const { routes, sysctls } = kernel;
  return {
    'set-sysctl': ({ name, value }) => sysctls.write(name, value),
    'add-virtual-server': ({ virtualServer, scheduler, flags }) =>
      ipvsOf(kernel).addService(serviceFor(virtualServer, scheduler, flags)),
    'update-virtual-server': ({ virtualServer, scheduler, flags }) =>
      ipvsOf(kernel).updateService(serviceFor(virtualServer, scheduler, flags)),
    'add-real-server': ({ virtualServer, realServer, weight }) =>
      ipvsOf(kernel).addDestination(virtualServer, destinationFor(realServer, weight)),
    'update-real-server': ({ virtualServer, realServer, weight }) =>
      ipvsOf(kernel).updateDestination(virtualServer, destinationFor(realServer, weight)),
    'remove-real-server': ({ virtualServer, realServer }) =>
      ipvsOf(kernel).deleteDestination(virtualServer, realServer),
    'replace-route': ({ vip, source, advmss }) => routes.replaceLocal({ destination: vip, source, advmss }),
    'remove-route': ({ vip }) => routes.deleteLocal(vip),
    'remove-virtual-server': ({ virtualServer }) => ipvsOf(kernel).deleteService(virtualServer),
  };
}

function ipvsOf(kernel: Kernel): IpvsClient {
  if (kernel.ipvs !== undefined) return kernel.ipvs;
  throw new ProxyError('ipvs-missing', 'this kernel has no IPVS: module ip_vs is not loaded', {
    suggestions: ['modprobe ip_vs'],
  });
}
