// deploy/monitoring: what Prometheus and Grafana are told, against what /metrics serves.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { daemonSetManifests } from '../../../src/cli/daemonset.ts';
import { DEFAULT_IMAGE, DEFAULT_NAMESPACE } from '../../../src/cli/pod-flags.ts';
import { Metrics } from '../../../src/lib/http/metrics.ts';
import type { V1DaemonSet } from '../../../src/lib/manifests/kubernetes.ts';
import { CONDITIONS } from '../../../src/lib/status/conditions.ts';
import { promtool } from '../../helpers/prometheus.ts';
import { snapshot } from '../../helpers/snapshot.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MONITORING = join(ROOT, 'deploy/monitoring');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const read = (path: string): string => readFileSync(join(MONITORING, path), 'utf8');
const alerts: Alert[] = parse(read('alerts.yaml')).groups.flatMap(({ rules }: { rules: Alert[] }) => rules);
const dashboard = JSON.parse(read('dashboard.json'));
const queries: { title: string; expr: string; legendFormat: string }[] = dashboard.panels.flatMap(
  ({ title, targets }: { title: string; targets: object[] }) => targets.map(target => ({ title, ...target })),
);

/** Names of samples, old ones left out, and all labels that a daemon's samples have or get at the scrape. */
async function served(): Promise<{ names: Set<string>; labels: Set<string> }> {
  const metrics = new Metrics({ snapshot: () => snapshot() }, '1', '0123456789ab');
  const master = { address: '10.0.0.11', port: 6443 };
  metrics.telemetry.probed(master, { kind: 'not-ready', reason: 'http-500', latencyMs: 1 });
  metrics.telemetry.changed({ realServer: master, from: 'dead', to: 'ready', reason: '' });
  metrics.telemetry.repaired({ kind: 'set-sysctl', name: 'x', value: '1', before: '0' });
  const text = await metrics.render();
  const current = text.replace(/^# HELP \S+ Deprecated.*\n.*\n/gm, '');
  const names = [...current.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  const labels = [...text.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label);
  return { names: new Set([...names, 'up']), labels: new Set([...labels, 'instance', 'job']) };
}

const METRIC = /\b(?:bkbcs_apiserverproxy|process)_\w+|\bup(?=\{)/g;

/** In braces, behind by and on, and between Grafana's double braces. */
function labelsIn(text: string): string[] {
  const lists = [...text.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(/, */).filter(Boolean),
  );
  const matchers = [...text.matchAll(/[{,] ?(\w+)(?:=|!)/g)].map(([, label = '']) => label);
  const templates = [...text.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label = '']) => label);
  return [...lists, ...matchers, ...templates];
}

test.each(alerts)('$alert says what is the matter, and where to read on', ({ annotations }) => {
  expect(Object.keys(annotations)).toEqual(['summary', 'description', 'see']);
  const [page, code] = (annotations.see ?? '').split('#');
  expect(page).toBe('docs/troubleshooting.md');
  expect(CONDITIONS.map(condition => condition.code)).toContain(code);
});

test('docs/deploy.md lists every alert with its severity', () => {
  const page = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
  const listed = [...page.matchAll(/^\| (ApiserverProxy\w+) \|.*\| (\w+) \|$/gm)].map(
    ([, name, severity]) => [name, severity],
  );
  expect(listed).toEqual(alerts.map(({ alert, labels }) => [alert, labels.severity]));
});

describe("docs/deploy.md, Prometheus' configuration", () => {
  const page = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
  const [, scrape = ''] = /```yaml\n(scrape_configs:.*?)```/s.exec(page) ?? [];
  const [, drop = ''] = /```yaml\n( +metric_relabel_configs:.*?)```/s.exec(page) ?? [];

  /** Debian's Prometheus is built without Kubernetes: how targets are found is the one part that it cannot read. */
  function withStaticTargets(text: string): string {
    const config = parse(text);
    const [{ kubernetes_sd_configs, ...job }] = config.scrape_configs;
    expect(kubernetes_sd_configs).toEqual([{ role: 'pod', namespaces: { names: [DEFAULT_NAMESPACE] } }]);
    return JSON.stringify({
      scrape_configs: [{ ...job, static_configs: [{ targets: ['192.0.2.1:8004'] }] }],
    });
  }

  test('is one, as it is and with what drops the old names', () => {
    for (const text of [scrape, scrape + drop]) {
      const file = join(tempDir(), 'prometheus.yml');
      writeFileSync(file, withStaticTargets(text));
      const { status, stdout, stderr } = promtool(['check', 'config', file]);
      expect(status, `${stdout}${stderr}`).toBe(0);
    }
    expect(parse(scrape + drop).scrape_configs[0].metric_relabel_configs).toHaveLength(1);
  });

  test('finds our pods by label and port, under the job of the rules, and calls them by their node', () => {
    const [{ job_name, relabel_configs }] = parse(scrape).scrape_configs;
    const jobs = [...read('alerts.yaml').matchAll(/job="([^"]+)"/g)].map(([, job]) => job);
    expect(new Set(jobs)).toEqual(new Set([job_name]));
    const { objects } = daemonSetManifests(
      { vs: '10.99.0.1:6443', listen: '0.0.0.0:8004' },
      { image: DEFAULT_IMAGE, namespace: DEFAULT_NAMESPACE },
    );
    const pod = (objects.find(({ kind }) => kind === 'DaemonSet') as V1DaemonSet).spec?.template;
    const [port] = pod?.spec?.containers[0]?.ports ?? [];
    const meta: Record<string, string | undefined> = {
      __meta_kubernetes_pod_label_app: pod?.metadata?.labels?.app,
      __meta_kubernetes_pod_container_port_name: port?.name,
    };
    const kept = relabel_configs.filter(({ action }: { action?: string }) => action === 'keep');
    expect(kept).toHaveLength(2);
    for (const { source_labels, regex } of kept) expect(meta[source_labels[0]]).toBe(regex);
    expect(relabel_configs).toContainEqual({
      source_labels: ['__meta_kubernetes_pod_node_name'],
      target_label: 'instance',
    });
  });
});

describe("docs/deploy.md, Alertmanager's configuration", () => {
  const [, yaml = ''] =
    /```yaml\n(inhibit_rules:.*?)```/s.exec(readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8')) ?? [];
  const rules: { source_matchers: string[]; target_matchers: string[] }[] = parse(yaml)?.inhibit_rules ?? [];

  /** Alerts that all matchers fit; they are anchored. */
  function matched(matchers: readonly string[]): string[] {
    return alerts
      .filter(({ alert, labels }) =>
        matchers.every(matcher => {
          const [, name = '', regular, value = ''] = /^(\w+) =(~?) "?(.*?)"?$/.exec(matcher) ?? [];
          const has = name === 'alertname' ? alert : (labels[name] ?? '');
          return regular === '~' ? new RegExp(`^(?:${value})$`).test(has) : has === value;
        }),
      )
      .map(({ alert }) => alert.replace('ApiserverProxy', ''));
  }

  test('an outage of the control plane holds back what follows from it', () => {
    expect(matched(rules[0]?.source_matchers ?? [])).toEqual(['HeldOnMany']);
    expect(matched(rules[0]?.target_matchers ?? [])).toEqual([
      'MasterDown',
      'MasterUnreachableOnMany',
      'MasterUnreachable',
      'DiscoveryStaleOnMany',
      'DiscoveryStale',
    ]);
  });

  test('a critical alert of the fleet holds back those of single nodes', () => {
    const named = (scope: string): string[] =>
      alerts
        .filter(({ labels }) => labels.scope === scope)
        .map(({ alert }) => alert.replace('ApiserverProxy', ''));
    const sources = matched(rules[1]?.source_matchers ?? []);
    expect(sources).toContain('HeldOnMany');
    expect(named('fleet')).toEqual(expect.arrayContaining(sources));
    expect(matched(rules[1]?.target_matchers ?? [])).toEqual(named('node'));
  });

  test('nobody is paged for a single node', () => {
    const critical = alerts.filter(({ labels }) => labels.severity === 'critical');
    expect(new Set(critical.map(({ labels }) => labels.scope))).toEqual(new Set(['fleet']));
  });
});

describe('the dashboard', () => {
  test('has no two panels in one place', () => {
    const places = dashboard.panels.map(
      ({ gridPos: { x, y } }: { gridPos: { x: number; y: number } }) => `${x} ${y}`,
    );
    expect(new Set(places).size).toBe(places.length);
  });
});

test.each([
  ...alerts.map(({ alert, expr, annotations }) => ({
    where: `alert ${alert}`,
    expr,
    text: `${expr} ${Object.values(annotations).join(' ')}`,
  })),
  ...queries.map(({ title, expr, legendFormat }) => ({
    where: `panel "${title}"`,
    expr,
    text: `${expr} ${legendFormat}`,
  })),
])('$where uses metrics and labels that the daemon serves', async ({ expr, text }) => {
  const { names, labels } = await served();
  const used = expr.match(METRIC) ?? [];
  expect(used.length).toBeGreaterThan(0);
  expect(used.filter(name => !names.has(name))).toEqual([]);
  expect(labelsIn(text).filter(label => !labels.has(label))).toEqual([]);
});
