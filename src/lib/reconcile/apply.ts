// Executes a plan against the kernel, step by step. Decides nothing: what to do when a step fails is the caller's.
import { ProxyError } from '../errors.ts';
import type { IpvsClient } from '../ipvs/client.ts';
import { destinationFor, type Kernel, serviceFor } from './kernel.ts';
import { dispatch, type Step, type StepArgs, type StepKind } from './steps.ts';

export function applyStep(kernel: Kernel, step: Step): void {
  dispatch(executors(kernel), step);
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
    'replace-route': ({ vip, source }) => routes.replaceLocal({ destination: vip, source }),
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
