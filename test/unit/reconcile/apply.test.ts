// A failed step holds back only what depends on it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyPlan } from '../../../src/lib/reconcile/apply.ts';
import type { Step } from '../../../src/lib/reconcile/steps.ts';
import { memoryKernel } from '../../helpers/memory-kernel.ts';

const VS = { address: '10.99.0.1', port: 6443 };
const at = (host: number) => ({ address: `10.0.0.${host}`, port: 6443 });
const of = { virtualServer: VS };

const ADD_VS: Step = { kind: 'add-virtual-server', ...of, scheduler: 'sh', flags: 0 };
const ADD: Step = { kind: 'add-real-server', ...of, realServer: at(11), weight: 1 };
const RAISE: Step = { kind: 'update-real-server', ...of, realServer: at(12), weight: 1, weightBefore: 0 };
const LOWER: Step = { kind: 'update-real-server', ...of, realServer: at(13), weight: 0, weightBefore: 1 };
const REMOVE: Step = { kind: 'remove-real-server', ...of, realServer: at(14), activeConnections: 3 };
const SCHEDULER: Step = {
  kind: 'update-virtual-server',
  ...of,
  scheduler: 'rr',
  flags: 0,
  schedulerBefore: 'sh',
};
const SYSCTL: Step = { kind: 'set-sysctl', name: 'net.ipv4.vs.conntrack', value: '1', before: '0' };
const ROUTE: Step = { kind: 'replace-route', vip: VS.address, source: '10.0.0.2', before: undefined };

/** What becomes of the steps when those fail. */
function outcomes(steps: readonly Step[], failing: readonly Step[]): Record<string, string> {
  const kernel = memoryKernel();
  const fail = (step: Step) => () => {
    if (failing.includes(step)) throw new Error('ENOMEM');
  };
  const { ipvs } = kernel;
  if (ipvs === undefined) throw new Error('the kernel in memory has IPVS');
  ipvs.addService = fail(ADD_VS);
  ipvs.updateService = fail(SCHEDULER);
  ipvs.addDestination = fail(ADD);
  ipvs.updateDestination = (_id, { weight }) => fail(weight === 1 ? RAISE : LOWER)();
  ipvs.deleteDestination = fail(REMOVE);
  kernel.sysctls.write = fail(SYSCTL);
  kernel.routes.replaceLocal = fail(ROUTE);
  return Object.fromEntries(
    applyPlan(kernel, steps).map(({ step, outcome }) => [
      `${step.kind} ${'weight' in step ? step.weight : ''}`.trim(),
      outcome,
    ]),
  );
}

test.each([
  ['an addition', ADD],
  ['a raised weight', RAISE],
])('%s that failed: nothing of the virtual server is lowered or removed, the rest is done', (_, failing) => {
  const { ...result } = outcomes([SYSCTL, SCHEDULER, ADD, RAISE, LOWER, REMOVE, ROUTE], [failing]);
  expect([result['update-real-server 0'], result['remove-real-server']]).toEqual(['held-back', 'held-back']);
  expect(Object.values(result).filter(outcome => outcome === 'done')).toHaveLength(4);
});

test.each([
  ['a kernel parameter', SYSCTL],
  ['a scheduler', SCHEDULER],
  ['the route', ROUTE],
  ['a lowered weight', LOWER],
])('%s that failed holds back nothing', (_, failing) => {
  const result = outcomes([SYSCTL, SCHEDULER, ADD, RAISE, LOWER, REMOVE, ROUTE], [failing]);
  expect(Object.values(result).sort()).toEqual([...Array(6).fill('done'), 'failed']);
});

test('without its virtual server nothing is added to it, and the route is made all the same', () => {
  expect(outcomes([ADD_VS, ADD, ROUTE], [ADD_VS])).toEqual({
    'add-virtual-server': 'failed',
    'add-real-server 1': 'held-back',
    'replace-route': 'done',
  });
});

test('whatever fails: after something that was not made nothing is taken away, and all else is tried', () => {
  const all = [SYSCTL, SCHEDULER, ADD, RAISE, LOWER, REMOVE, ROUTE];
  const property = fc.property(fc.subarray(all), failing => {
    const result = outcomes(all, failing);
    const unmade = failing.includes(ADD) || failing.includes(RAISE);
    const expected = unmade ? 'held-back' : failing.includes(REMOVE) ? 'failed' : 'done';
    expect(result['remove-real-server']).toBe(expected);
    expect(Object.values(result).filter(outcome => outcome === 'held-back').length).toBe(unmade ? 2 : 0);
  });
  fc.assert(property);
});
