// The Helm chart, as helm itself reads it: the same objects as install-service prints, and values that are looked at.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../../package.json' with { type: 'json' };
import { daemonSetManifests } from '../../../src/cli/daemonset.ts';
import { DEFAULT_IMAGE, DEFAULT_NAMESPACE } from '../../../src/cli/pod-flags.ts';
import { DEPRECATED_NAMES } from '../../../src/lib/http/deprecated.ts';
import type { V1DaemonSet, V1PodSpec } from '../../../src/lib/manifests/kubernetes.ts';
import { LABELS } from '../../../src/lib/manifests/options.ts';
import { CHART, EVERY_VALUE } from '../../helpers/chart.ts';
import { schemaProblems } from '../../helpers/kubernetes-schema.ts';
import { byKind, helm, objectsIn } from '../../helpers/kubernetes-tools.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

interface OtherObject {
  readonly kind: string;
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, string>>;
}

function valuesFile(values: object): string {
  const path = join(tempDir(), 'values.json');
  writeFileSync(path, JSON.stringify(values));
  return path;
}

function template(values: object, namespace = DEFAULT_NAMESPACE, release = 'proxy', chart = CHART) {
  return helm('template', release, chart, '--namespace', namespace, '--values', valuesFile(values));
}

function rendered(...args: Parameters<typeof template>) {
  const { exitCode, stdout, stderr } = template(...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return byKind(objectsIn(stdout));
}

function objectOf(kind: string, values: object): OtherObject {
  const found = rendered(values).find(object => object.kind === kind);
  if (found === undefined) throw new Error(`there is no ${kind}`);
  return found as unknown as OtherObject;
}

function podOf(values: object): V1PodSpec {
  const { spec } = objectOf('DaemonSet', values) as unknown as V1DaemonSet;
  if (spec?.template.spec === undefined) throw new Error('there is no pod');
  return spec.template.spec;
}

describe('helm lint', () => {
  test.each([
    ['the defaults', {}],
    ['everything', EVERY_VALUE],
  ])('has nothing to say of %s', (_, values) => {
    const { exitCode, stdout, stderr } = helm('lint', '--strict', CHART, '--values', valuesFile(values));
    expect(exitCode, `${stdout}${stderr}`).toBe(0);
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
  });
});

describe('the objects', () => {
  test('are by default those of the kustomize base, whatever the release is called', () => {
    const base = byKind(objectsIn(readFileSync('deploy/base/bcs-apiserver-proxy.yaml', 'utf8')));
    expect(rendered({})).toEqual(base);
    expect(rendered({}, DEFAULT_NAMESPACE, 'another')).toEqual(base);
  });

  const vs = '10.99.0.1:6443';
  const rs = ['10.0.0.11:6443', '10.0.0.12:6443'];
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  test.each<[object, Record<string, unknown>, { image?: string; namespace?: string }]>([
    [{ virtualServer: vs }, { vs }, {}],
    [
      { virtualServer: '[fd99::1]:6443', scheduler: 'mh', persistDir: '/var/lib/proxy' },
      { vs: '[fd99::1]:6443', scheduler: 'mh', 'persist-dir': '/var/lib/proxy' },
      { namespace: 'infra' },
    ],
    [{ virtualServer: vs, discovery: 'nodes' }, { vs, discovery: 'nodes' }, { namespace: 'infra' }],
    [
      { virtualServer: vs, realServers: rs, discovery: 'static' },
      { vs, rs, discovery: 'static' },
      { namespace: '1' },
    ],
    [
      { virtualServer: vs, listen: { address: '0.0.0.0', port: 8004 } },
      { vs, listen: '0.0.0.0:8004' },
      { image: 'registry.example:5000/infra/proxy:1.2' },
    ],
    [
      { virtualServer: vs, listen: { address: '::', port: 9000 } },
      { vs, listen: '[::]:9000' },
      { image: `proxy@${digest}` },
    ],
    [
      { virtualServer: vs, listen: { address: '::1' } },
      { vs, listen: '[::1]:8004' },
      { image: `proxy:1@${digest}` },
    ],
    [
      { virtualServer: vs, listen: { enabled: false }, extraArgs: ['--log-format', 'json'] },
      { vs, listen: 'none', 'log-format': 'json' },
      {},
    ],
  ])('with %j are those that install-service prints with %j %j', (values, flags, given) => {
    const { image = DEFAULT_IMAGE, namespace = DEFAULT_NAMESPACE } = given;
    const { objects } = daemonSetManifests(flags, { image, namespace });
    expect(rendered({ ...values, image: imageValues(image) }, namespace)).toEqual(byKind(objects));
  });

  /** As one reads a reference: NAME[:TAG][@DIGEST]. */
  function imageValues(image: string) {
    const {
      repository,
      tag,
      digest: hash,
    } = /^(?<repository>.+?)(?::(?<tag>[^/:@]+))?(?:@(?<digest>.+))?$/.exec(image)?.groups ?? {};
    return { repository, tag: tag ?? '', digest: hash ?? '' };
  }

  test.each([
    ['the defaults', {}],
    ['everything', EVERY_VALUE],
  ])('with %s have no field that Kubernetes does not know, and all that it needs', (_, values) => {
    const known = rendered(values).filter(
      ({ apiVersion }) => !apiVersion?.startsWith('monitoring.coreos.com/'),
    );
    expect(known.length).toBeGreaterThan(2);
    for (const object of known) expect(schemaProblems(object, `V1${object.kind}`)).toEqual([]);
  });

  test('have what only a value gives', () => {
    const { tolerations, affinity, priorityClassName } = EVERY_VALUE;
    const { containers, ...pod } = podOf(EVERY_VALUE);
    expect(pod).toMatchObject({ tolerations, affinity, priorityClassName });
    expect(pod.imagePullSecrets).toEqual(EVERY_VALUE.image.pullSecrets);
    expect(pod.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux', pool: 'a' });
    expect(containers[0]?.resources?.limits).toEqual(EVERY_VALUE.resources.limits);
    expect(containers[0]?.args?.slice(-3)).toEqual(EVERY_VALUE.extraArgs);
    const { spec } = objectOf('DaemonSet', EVERY_VALUE) as unknown as V1DaemonSet;
    expect(spec?.updateStrategy?.rollingUpdate).toEqual(EVERY_VALUE.updateStrategy);
    expect(spec?.template.metadata).toEqual({
      labels: { ...LABELS, team: 'infra' },
      annotations: { note: 'ours', 'prometheus.io/scrape': 'false', 'prometheus.io/port': '9000' },
    });
  });

  test('lack what is emptied', () => {
    const none = { tolerations: [], priorityClassName: '', nodeSelector: null, resources: null };
    const full = podOf({});
    const { containers, ...pod } = podOf(none);
    expect(Object.keys(pod)).toEqual(
      Object.keys(full).filter(key => key !== 'containers' && !Object.keys(none).includes(key)),
    );
    expect(containers[0]).not.toHaveProperty('resources');
  });

  test('without rbac.create are all others, without a role and its binding', () => {
    const all = rendered({});
    const kept = all.filter(({ kind }) => !kind?.startsWith('Role'));
    expect(kept.length).toBeLessThan(all.length);
    expect(rendered({ rbac: { create: false } })).toEqual(kept);
  });

  test('are there when the chart is part of another one', () => {
    const parent = tempDir();
    mkdirSync(join(parent, 'charts'));
    cpSync(CHART, join(parent, 'charts/proxy'), { recursive: true });
    writeFileSync(join(parent, 'Chart.yaml'), 'apiVersion: v2\nname: parent\nversion: 1.0.0\n');
    const values = { global: { region: 'x' }, 'bcs-apiserver-proxy': { discovery: 'static' } };
    expect(rendered(values, DEFAULT_NAMESPACE, 'proxy', parent)).toEqual(rendered({ discovery: 'static' }));
  });
});

describe('monitoring', () => {
  test('the rules are those of deploy/monitoring', () => {
    const file = parse(readFileSync('deploy/monitoring/prometheus-rule.yaml', 'utf8'));
    expect(objectOf('PrometheusRule', { prometheusRule: { enabled: true } })).toEqual(file);
    expect(objectOf('PrometheusRule', EVERY_VALUE).metadata.labels).toEqual({ release: 'monitoring' });
  });

  test('with a base each alert has a runbook_url beside where to see, and nothing else', () => {
    interface Rule {
      annotations: Record<string, string>;
    }
    const rulesOf = (values: object): Rule[] =>
      (objectOf('PrometheusRule', values).spec.groups as { rules: Rule[] }[]).flatMap(({ rules }) => rules);
    const plain = rulesOf({ prometheusRule: { enabled: true } });
    expect(plain.length).toBeGreaterThan(10);
    expect(rulesOf(EVERY_VALUE)).toEqual(
      plain.map(rule => {
        const code = rule.annotations.see?.split('#')[1];
        const runbook_url = `${EVERY_VALUE.prometheusRule.runbookBase}#${code}`;
        return { ...rule, annotations: { ...rule.annotations, runbook_url } };
      }),
    );
  });

  test('the PodMonitor drops the old names of metrics where they are not wanted, and nothing by default', () => {
    const droppedBy = (values: object) => {
      const [endpoint] = objectOf('PodMonitor', values).spec.podMetricsEndpoints as {
        metricRelabelings?: { sourceLabels: string[]; regex: string; action: string }[];
      }[];
      return endpoint?.metricRelabelings;
    };
    const scraped = { listen: { address: '0.0.0.0' }, podMonitor: { enabled: true } };
    expect(droppedBy(scraped)).toBeUndefined();
    const [drop, ...others] = droppedBy(EVERY_VALUE) ?? [];
    expect(others).toEqual([]);
    expect(drop).toMatchObject({ sourceLabels: ['__name__'], action: 'drop' });
    const fits = (name: string): boolean => new RegExp(`^(?:${drop?.regex})$`).test(name);
    expect(
      DEPRECATED_NAMES.flatMap(name => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]).filter(fits),
    ).toHaveLength(4 * DEPRECATED_NAMES.length);
    expect(
      ['bkbcs_apiserverproxy_up', 'bkbcs_apiserverproxy_probe_duration_seconds_bucket'].filter(fits),
    ).toEqual([]);
  });

  test('the dashboard is that of deploy/monitoring, where the sidecar of Grafana looks for it', () => {
    const { metadata, data } = objectOf('ConfigMap', EVERY_VALUE);
    expect(metadata.labels).toEqual({ grafana_dashboard: '1', folder: 'infra' });
    expect(Object.values(data)).toEqual([readFileSync('deploy/monitoring/dashboard.json', 'utf8')]);
  });

  test('the PodMonitor finds pods and port, and calls them as the rules do', () => {
    const { metadata, spec } = objectOf('PodMonitor', EVERY_VALUE);
    const [endpoint] = spec.podMetricsEndpoints as { port: string; interval: string }[];
    expect(metadata.labels).toEqual({ ...LABELS, release: 'monitoring' });
    expect(LABELS).toMatchObject((spec.selector as { matchLabels: object }).matchLabels);
    expect(podOf(EVERY_VALUE).containers[0]?.ports?.map(({ name }) => name)).toEqual([endpoint?.port]);
    expect(endpoint?.interval).toBe('15s');
    const rules = readFileSync('deploy/monitoring/alerts.yaml', 'utf8');
    const jobs = new Set([...rules.matchAll(/job="([^"]+)"/g)].map(([, job]) => job));
    expect(jobs).toEqual(new Set([(LABELS as Record<string, string>)[String(spec.jobLabel)]]));
  });

  test.each([
    [
      { listen: { address: '127.0.0.1' } },
      'Prometheus cannot reach listen.address 127.0.0.1 of a node; set it to 0.0.0.0 or ::',
    ],
    [
      { listen: { enabled: false, address: '0.0.0.0' } },
      'without listen.enabled there are no metrics; set both, or neither',
    ],
  ])('no PodMonitor with %j', (values, sentence) => {
    const { exitCode, stderr } = template({ ...values, podMonitor: { enabled: true } });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`: podMonitor.enabled: ${sentence}\n`);
  });
});

describe('refused, by name', () => {
  test.each<[object, string]>([
    [{ virtualServr: '10.99.0.1:6443' }, "additional properties 'virtualServr'"],
    [{ listen: { adress: '::' } }, "'/listen': additional properties 'adress'"],
    [{ discovery: 'dns' }, "'/discovery'"],
    [{ scheduler: 'random' }, "'/scheduler'"],
    [{ listen: { port: 0 } }, "'/listen/port'"],
    [{ listen: { port: 65536 } }, "'/listen/port'"],
    [{ listen: { port: '8004' } }, "'/listen/port'"],
    [{ listen: { address: '10.0.0.21' } }, "'/listen/address'"],
    [{ virtualServer: '10.99.0.1' }, "'/virtualServer'"],
    [{ virtualServer: 'https://10.99.0.1:6443' }, "'/virtualServer'"],
    [{ virtualServer: 'fd99::1:6443' }, "'/virtualServer'"],
    [{ realServers: ['10.0.0.11:6443', 'master:6443'] }, "'/realServers/1'"],
    [{ realServers: '10.0.0.11:6443' }, "'/realServers'"],
    [{ persistDir: 'lib/proxy' }, "'/persistDir'"],
    [{ image: { digest: 'latest' } }, "'/image/digest'"],
    [{ image: { pullPolicy: 'Sometimes' } }, "'/image/pullPolicy'"],
    [{ extraArgs: ['--rise', 3] }, "'/extraArgs/1'"],
    [{ updateStrategy: { maxUnavailable: '0%' } }, "'/updateStrategy/maxUnavailable'"],
    [{ podLabels: { app: 'other' } }, "'/podLabels/app'"],
    [{ podMonitor: { labels: { app: 'other' } } }, "'/podMonitor/labels/app'"],
    [{ podMonitor: { interval: '30' } }, "'/podMonitor/interval'"],
    [{ podMonitor: { deprecatedNames: 'no' } }, "'/podMonitor/deprecatedNames'"],
    [{ prometheusRule: { runbookBase: 'wiki.example' } }, "'/prometheusRule/runbookBase'"],
    [{ prometheusRule: { runbookBase: 'https://wiki.example/proxy#' } }, "'/prometheusRule/runbookBase'"],
    [{ prometheusRule: { runbookBase: 'https://wiki.example/$1' } }, "'/prometheusRule/runbookBase'"],
    [{ tolerations: [{ effct: 'NoExecute' }] }, "'/tolerations/0': additional properties 'effct'"],
  ])('%j', (values, name) => {
    const { exitCode, stderr } = template(values);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("values don't meet the specifications of the schema");
    expect(stderr).toContain(name);
  });

  test.each([
    [
      '--kubeconfig=/etc/kubernetes/kubelet.conf',
      '--kubeconfig: a file of a host is not in the pod, which has its service account; leave it out',
    ],
    ['-f/etc/proxy.yaml', '--config: a file of a host is not in the pod; give what it says as flags'],
    ['--listen', '--listen: set the value listen instead'],
    ['--rs=10.0.0.11:6443', '--rs: set the value realServers instead'],
  ])('extraArgs: [%s]', (argument, sentence) => {
    const { exitCode, stderr } = template({ extraArgs: [argument, 'x'] });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`: extraArgs: ${sentence}\n`);
  });

  test('a cluster that is too old, and only such a one', () => {
    const on = (version: string) => helm('template', 'x', CHART, '--kube-version', version);
    expect(on('1.19.16').stderr).toContain('chart requires kubeVersion: >=1.20.0-0');
    expect(on('v1.20.15-vendor.1').exitCode).toBe(0);
  });
});

test('its version and its licence are those of the program', () => {
  const { version, license } = packageJson;
  expect(parse(helm('show', 'chart', CHART).stdout)).toMatchObject({
    version,
    appVersion: version,
    annotations: { 'artifacthub.io/license': license },
  });
});

test('its notes say what to look at, and what is missing', () => {
  const notes = (values: object): string => {
    const args = ['proxy', CHART, '--namespace', 'infra', '--dry-run=client', '--values', valuesFile(values)];
    const { stdout } = helm('install', ...args);
    return stdout.slice(stdout.indexOf('NOTES:'));
  };
  expect(notes({})).toContain('kubectl -n infra rollout status daemonset bcs-apiserver-proxy\n');
  expect(notes({})).toContain('virtualServer is empty');
  expect(notes({ virtualServer: '10.99.0.1:6443' })).not.toContain('virtualServer is empty');
});

test('docs/deploy.md names every value, and none that there is not', () => {
  const page = readFileSync('docs/deploy.md', 'utf8');
  const [, section = ''] = /^## With Helm$(.*?)^## /ms.exec(page) ?? [];
  const listed = [...section.matchAll(/^\| (`.+) \|.+\|$/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name),
  );
  const defaults = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
  const exists = (name: string): boolean =>
    name.split('.').reduce((value, key) => value?.[key], defaults) !== undefined;
  expect(listed.filter(name => !exists(name))).toEqual([]);
  expect([...new Set(listed.map(name => name.split('.')[0]))].sort()).toEqual(Object.keys(defaults).sort());
});
