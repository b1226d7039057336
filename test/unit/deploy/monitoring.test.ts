// deploy/monitoring: what Prometheus and Grafana are told, against what /metrics serves.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Metrics } from '../../../src/lib/http/metrics.ts';
import { snapshot } from '../../helpers/snapshot.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MONITORING = join(ROOT, 'deploy/monitoring');
const PROMTOOL = join(ROOT, '.cache/promtool');

function promtool(...args: string[]): void {
  if (!existsSync(PROMTOOL)) throw new Error(`${PROMTOOL} is missing: run scripts/setup as root`);
  const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { cwd: MONITORING, encoding: 'utf8' });
  expect(status, `${stdout}${stderr}`).toBe(0);
}

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

/** Names of samples, and all labels that a daemon's samples have or get at the scrape. */
async function served(): Promise<{ names: Set<string>; labels: Set<string> }> {
  const metrics = new Metrics({ snapshot: () => snapshot() }, '1');
  const master = { address: '10.0.0.11', port: 6443 };
  metrics.telemetry.probed(master, { kind: 'not-ready', reason: 'http-500', latencyMs: 1 });
  metrics.telemetry.changed({ realServer: master, from: 'dead', to: 'ready', reason: '' });
  metrics.telemetry.repaired({ kind: 'set-sysctl', name: 'x', value: '1', before: '0' });
  const text = await metrics.render();
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  const labels = [...text.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label);
  return { names: new Set([...names, 'up']), labels: new Set([...labels, 'instance', 'job']) };
}

const METRIC = /\b(?:bkbcs_apiserverproxy|process)_\w+|\bup(?=\{)/g;

/** In braces, behind by and on, and between Grafana's double braces. */
function labelsIn(text: string): string[] {
  const lists = [...text.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
  const matchers = [...text.matchAll(/[{,] ?(\w+)(?:=|!)/g)].map(([, label = '']) => label);
  const templates = [...text.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label = '']) => label);
  return [...lists, ...matchers, ...templates];
}

describe('alert rules', () => {
  test('are valid', () => {
    promtool('check', 'rules', 'alerts.yaml');
  });

  test('fire when they should, and only then', () => {
    promtool('test', 'rules', 'alerts.test.yaml');
  });

  test('each has a case in which it fires and one in which it does not', () => {
    interface Case {
      readonly alertname: string;
      readonly exp_alerts?: readonly object[];
    }
    const cases: Case[] = parse(read('alerts.test.yaml')).tests.flatMap(
      ({ alert_rule_test }: { alert_rule_test: Case[] }) => alert_rule_test,
    );
    const names = (fires: boolean): string[] => [
      ...new Set(
        cases.flatMap(({ alertname, exp_alerts = [] }) => (exp_alerts.length > 0 === fires ? alertname : [])),
      ),
    ];
    const all = alerts.map(({ alert }) => alert).sort();
    expect(names(true).sort()).toEqual(all);
    expect(names(false).sort()).toEqual(all);
  });

  test.each(alerts)('$alert points to a section that exists', ({ annotations }) => {
    const [page = '', anchor] = (annotations.see ?? '').split('#');
    const headings = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^##+ (.+)$/gm)].map(
      ([, heading = '']) =>
        heading
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
    );
    expect(headings).toContain(anchor);
  });
});

test('docs/deploy.md lists every alert with its severity', () => {
  const page = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
  const listed = [...page.matchAll(/^\| (ApiserverProxy\w+) \|.*\| (\w+) \|$/gm)].map(
    ([, name, severity]) => [name, severity],
  );
  expect(listed).toEqual(alerts.map(({ alert, labels }) => [alert, labels.severity]));
});

describe('the dashboard', () => {
  test('has queries that Prometheus understands', () => {
    const rules = queries.map(({ expr }, index) => ({
      record: `query:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
    }));
    const file = join(tempDir(), 'rules.json');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    promtool('check', 'rules', file);
  });

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
