// The Helm chart on a real cluster of one master: what an apiserver says of its objects, and its way from install to uninstall.
// Each test goes on from where the one before ended.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { KubernetesObject } from '../../src/lib/manifests/kubernetes.ts';
import { CHART, EVERY_VALUE } from '../helpers/chart.ts';
import { helm, objectsIn, toolPath } from '../helpers/kubernetes-tools.ts';
import { eventually } from '../lab/bounded.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { VIRTUAL_SERVER } from './kit/addresses.ts';
import { isHealthy, isWhole, MINUTES, PATIENT } from './kit/node.ts';
import { useCluster } from './kit/use.ts';

const cluster = useCluster({ masters: 1 });

const directory = mkdtempSync(join(tmpdir(), 'chart-'));
afterAll(() => rmSync(directory, { recursive: true }));

const NAMESPACE = ['--namespace', 'kube-system'];
/** Of the Prometheus operator, which this cluster does not have. */
const OF_AN_OPERATOR = ['PodMonitor', 'PrometheusRule'];
/** A directory with the definitions of PodMonitor, PrometheusRule and KubeadmConfig, as their projects publish them. */
const DEFINITIONS = process.env.CLUSTER_DEFINITIONS;

function valuesFile(values: object): string {
  const path = join(directory, 'values.json');
  writeFileSync(path, JSON.stringify(values));
  return path;
}

test.each([
  ['the defaults', {}],
  ['everything', EVERY_VALUE],
])('the apiserver accepts the objects of %s', { timeout: 2 * MINUTES }, (_, values) => {
  expectAccepted(chartObjects(values).filter(({ kind }) => !OF_AN_OPERATOR.includes(kind ?? '')));
});

test.runIf(DEFINITIONS)(
  'with their definitions also those of operators, and what docs/kubeadm.md shows',
  async () => {
    cluster().kubectl(['apply', '--server-side', '-f', DEFINITIONS ?? '']);
    cluster().kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', DEFINITIONS ?? '']);
    const page = readFileSync(join(REPOSITORY, 'docs/kubeadm.md'), 'utf8');
    const shown = page.split('```yaml\n').find(text => text.includes('kind: KubeadmConfig\n'));
    const [text = ''] = (shown ?? '').split('```');
    const objects = chartObjects(EVERY_VALUE).filter(({ kind }) => OF_AN_OPERATOR.includes(kind ?? ''));
    expectAccepted([...objects, ...objectsIn(text), ...objectsIn(text.replace('v1beta1', 'v1beta2'))]);
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual(OF_AN_OPERATOR);
  },
);

function chartObjects(values: object): KubernetesObject[] {
  const { exitCode, stdout } = helm('template', 'proxy', CHART, ...NAMESPACE, '--values', valuesFile(values));
  expect(exitCode).toBe(0);
  return objectsIn(stdout);
}

function expectAccepted(objects: readonly KubernetesObject[]): void {
  const text = objects.map(object => JSON.stringify(object)).join('\n');
  const said = cluster().kubectl(['apply', '--dry-run=server', '--validate=true', '-f', '-'], text);
  expect(said.trim().split('\n')).toHaveLength(objects.length);
  for (const line of said.trim().split('\n')) expect(line).toMatch(/ created \(server dry run\)$/);
}

test('install, upgrade, rollback and uninstall; the rules are never away', {
  timeout: 15 * MINUTES,
}, async () => {
  await cluster().join();
  const run = (...args: string[]): string =>
    cluster()
      .master(1)
      .asAdministrator([toolPath('helm'), ...args, ...NAMESPACE]);
  const chart = join(REPOSITORY, CHART);
  const values = { virtualServer: VIRTUAL_SERVER };
  const wait = ['--wait', '--timeout', '5m'];
  run('install', 'proxy', chart, '--values', valuesFile(values), ...wait);
  await eventually('all is well', () => isHealthy(cluster()), PATIENT);
  const args = (): string => {
    const path = 'jsonpath={.spec.template.spec.containers[0].args}';
    return cluster().kubectl([...NAMESPACE, 'get', 'daemonset', 'bcs-apiserver-proxy', '-o', path]);
  };
  const before = args();
  const slower = { ...values, extraArgs: ['--probe-interval', '20s'] };
  run('upgrade', 'proxy', chart, '--values', valuesFile(slower), ...wait);
  expect(args()).toContain('20s');
  expect(await isWhole(cluster())).toBe(true);
  run('rollback', 'proxy', ...wait);
  expect(args()).toBe(before);
  await eventually('all is well again', () => isHealthy(cluster()), PATIENT);
  run('uninstall', 'proxy', ...wait);
  expect(await isWhole(cluster())).toBe(true);
});
