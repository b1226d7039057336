// Every query of the dashboard and every alert, by a real Prometheus that has the pages of forty daemons.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { BEGIN, END, NODES, OUTAGE, recordFleet } from '../../helpers/fleet-recording.ts';
import { Prometheus, type Result } from '../../helpers/prometheus.ts';

const MONITORING = join(import.meta.dirname, '../../../deploy/monitoring');
const read = (path: string): string => readFileSync(join(MONITORING, path), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const alerts: Alert[] = parse(read('alerts.yaml')).groups[0].rules;
const panels: Panel[] = JSON.parse(read('dashboard.json')).panels;
const queries = panels.flatMap(({ title, type, targets }) => targets.map(each => ({ title, type, ...each })));

const directory = mkdtempSync(join(tmpdir(), 'bcs-apiserver-proxy-test-'));
let prometheus: Prometheus;

beforeAll(async () => {
  prometheus = await Prometheus.withSamples(directory, await recordFleet());
}, 60_000);

afterAll(async () => {
  await prometheus?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** As Grafana asks with a scrape each 30 s, and all nodes chosen. */
function asked(expr: string): string {
  return expr.replaceAll('$__rate_interval', '2m').replaceAll('$instance', '.*');
}

const valuesOf = (results: readonly Result[]): number[] =>
  results.map(({ value: [, value] }) => Number(value));

describe('the dashboard', () => {
  test('asks for what is there', () => {
    expect(queries.length).toBeGreaterThan(30);
  });

  test.each(queries)('$title: $expr', async ({ type, expr, legendFormat }) => {
    const results = await prometheus.query(asked(expr), OUTAGE);
    expect(results.length).toBeGreaterThan(0);
    expect(valuesOf(results).filter(value => !Number.isFinite(value) || value < 0)).toEqual([]);
    const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
    for (const { metric } of results) expect(Object.keys(metric)).toEqual(expect.arrayContaining(labels));
    if (type === 'stat') expect(results).toHaveLength(1);
    // Three masters with some states or reasons each, and never a line for each node.
    if (type === 'timeseries') expect(results.length).toBeLessThan(NODES / 2);
    if (type === 'timeseries')
      for (const { metric } of results) expect(metric).not.toHaveProperty('instance');
    if (type === 'bargauge') expect(results.length).toBeLessThanOrEqual(10);
  });

  test.each([
    ['Nodes with a daemon', NODES - 1],
    ['Daemons that cannot be scraped', 1],
    ['Nodes that reach no master', 1],
    ['Nodes without real servers', 1],
    ['Masters ready for most nodes', 3],
    ['Longest silence of the API', 1200],
  ])('%s: %i', async (title, value) => {
    const expr = queries.find(query => query.title === title)?.expr ?? '';
    expect(valuesOf(await prometheus.query(asked(expr), OUTAGE))).toEqual([value]);
  });
});

/** Alert -> the nodes and masters that it names, joined; an alert that names none has an empty one. */
async function firing(time: number): Promise<Record<string, string[]>> {
  const found = await Promise.all(
    alerts.map(async ({ alert, expr }) => {
      const results = await prometheus.query(expr, time);
      const names = results.map(({ metric: { instance = '', real_server = '' } }) =>
        `${instance} ${real_server}`.trim(),
      );
      return [alert, names.sort()] as const;
    }),
  );
  return Object.fromEntries(found.filter(([, names]) => names.length > 0));
}

describe('the alerts', () => {
  const ALONE = {
    ApiserverProxyDown: ['n5'],
    ApiserverProxyPassesFail: ['n7'],
    ApiserverProxyRepairs: ['n6'],
    ApiserverProxyRestarts: ['n8'],
    ApiserverProxyStuck: ['n14'],
    ApiserverProxyVirtualServerMissing: ['n9'],
  };

  test('name the nodes that are in trouble, each for what it has', async () => {
    expect(await firing(OUTAGE)).toEqual({
      ...ALONE,
      ApiserverProxyDiscoveryStale: ['n10'],
      ApiserverProxyHeld: ['n4'],
      ApiserverProxyMasterUnreachable: ['n1 10.0.0.12:6443', 'n2 10.0.0.13:6443', 'n3 10.0.0.11:6443'],
    });
  });

  test('of a control plane that is down are one, one for each master, and one for the silence', async () => {
    expect(await firing(END)).toEqual({
      ...ALONE,
      ApiserverProxyDiscoveryStaleOnMany: [''],
      ApiserverProxyHeldOnMany: [''],
      ApiserverProxyMasterDown: ['10.0.0.11:6443', '10.0.0.12:6443', '10.0.0.13:6443'],
    });
  });

  test('say that nobody is scraped before anybody is', async () => {
    expect(await firing(BEGIN - 60)).toEqual({ ApiserverProxyAbsent: [''] });
  });

  test('use in their texts only labels that they have', async () => {
    for (const { alert, expr, annotations } of alerts) {
      const used = [
        ...Object.values(annotations)
          .join()
          .matchAll(/\$labels\.(\w+)/g),
      ].map(([, label = '']) => label);
      for (const time of [BEGIN - 60, OUTAGE, END])
        for (const { metric } of await prometheus.query(expr, time))
          expect(Object.keys(metric), alert).toEqual(expect.arrayContaining(used));
    }
  });
});
