// The alert rules, by promtool test rules: which alerts fire on a fleet in trouble, what they say, and that no other one does.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { promtool } from '../../helpers/prometheus.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../../..');
const RULES = join(ROOT, 'deploy/monitoring/alerts.yaml');

interface Alert {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const alerts: Alert[] = parse(readFileSync(RULES, 'utf8')).groups[0].rules;

/** Series without `instance` -> its values, a minute apart; undefined = there is none. */
type Series = Readonly<Record<string, string | undefined>>;

const JOB = '{job="bcs-apiserver-proxy"}';
const P = 'bkbcs_apiserverproxy_';
const up = (master: string): string => `${P}up{real_server="${master}"}`;
const weight = (master: string): string => `${P}weight{real_server="${master}"}`;

/** Two masters, a pass each second, a word of the API each minute. */
const HEALTHY: Series = {
  [`up${JOB}`]: '1x60',
  [`${P}build_info{version="1"}`]: '1x60',
  [up('m1')]: '1x60',
  [up('m2')]: '1x60',
  [weight('m1')]: '1x60',
  [weight('m2')]: '1x60',
  [`${P}held`]: '0x60',
  [`${P}reconcile_duration_seconds_count`]: '0+60x60',
  [`${P}reconcile_failures_total`]: '0x60',
  [`${P}discovery_last_contact_timestamp_seconds`]: '0+60x60',
  [`process_start_time_seconds${JOB}`]: '100x60',
};

interface Input {
  readonly series: string;
  readonly values: string;
}

/** n1 and so on; the first ones are in trouble. */
function fleet(nodes: number, inTrouble = 0, trouble: Series = {}): Input[] {
  return Array.from({ length: nodes }, (_, index) => index).flatMap(index =>
    Object.entries({ ...HEALTHY, ...(index < inTrouble && trouble) }).flatMap(([series, values]) =>
      values === undefined ? [] : { series: labelled(series, `instance="n${index + 1}"`), values },
    ),
  );
}

function labelled(series: string, label: string): string {
  return series.endsWith('}') ? series.replace('}', `, ${label}}`) : `${series}{${label}}`;
}

interface Firing {
  readonly alert: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** As the text shows it. */
  readonly value?: string;
}

/** At these minutes those fire, and no others. */
type Expected = Readonly<Record<number, readonly Firing[]>>;

function check(input: readonly Input[], expected: Expected): void {
  const alert_rule_test = Object.entries(expected).flatMap(([minute, firing]) =>
    alerts.map(rule => ({
      eval_time: `${minute}m`,
      alertname: rule.alert,
      exp_alerts: firing
        .filter(({ alert }) => alert === rule.alert)
        .map(({ labels = {}, value = '' }) => ({
          exp_labels: { ...rule.labels, ...labels },
          exp_annotations: Object.fromEntries(
            Object.entries(rule.annotations).map(([name, text]) => [name, filled(text, labels, value)]),
          ),
        })),
    })),
  );
  const file = join(tempDir(), 'test.json');
  writeFileSync(
    file,
    JSON.stringify({
      rule_files: [RULES],
      evaluation_interval: '1m',
      tests: [{ interval: '1m', input_series: input, alert_rule_test }],
    }),
  );
  const { status, stdout, stderr } = promtool(['test', 'rules', file]);
  expect(status, `${stdout}${stderr}`).toBe(0);
}

function filled(text: string, labels: Readonly<Record<string, string>>, value: string): string {
  return text
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label) => labels[label] ?? '')
    .replace(/\{\{ \$value[^}]*\}\}/g, value);
}

test('promtool finds nothing wrong with them', () => {
  const { status, stdout, stderr } = promtool(['check', 'rules', RULES]);
  expect(status, `${stdout}${stderr}`).toBe(0);
});

describe('nothing fires', () => {
  test('on a healthy fleet, with a failover, a repair and a restart now and then', () => {
    const now = {
      [up('m1')]: '1x20 0x3 1x40',
      [`${P}reconcile_failures_total`]: '0x30 1x30',
      [`${P}virtual_server_repairs_total{kind="add"}`]: '0x20 3x40',
      [`${P}discovery_last_contact_timestamp_seconds`]: '0+60x5 300x4 540+60x50',
      [`process_start_time_seconds${JOB}`]: '100x20 200x40',
    };
    check(fleet(3, 3, now), { 15: [], 23: [], 25: [], 33: [], 50: [] });
  });
});

test('nobody is scraped: one alert, and time to set it up', () => {
  const other = [{ series: 'up{job="something-else", instance="n1"}', values: '1x20' }];
  const absent = { alert: 'ApiserverProxyAbsent', labels: { job: 'bcs-apiserver-proxy' } };
  check(other, { 9: [], 11: [absent] });
});

interface Case {
  readonly alert: string;
  readonly trouble: Series;
  /** The last minute at which nothing fires, and one at which it does. */
  readonly minutes: readonly [number, number];
  readonly labels?: Readonly<Record<string, string>>;
  readonly value?: string;
}

const CASES: readonly Case[] = [
  {
    alert: 'ApiserverProxyDown',
    trouble: { [`up${JOB}`]: '1x10 0x50' },
    minutes: [15, 16],
    labels: { job: 'bcs-apiserver-proxy' },
  },
  {
    alert: 'ApiserverProxyHeld',
    trouble: { [`${P}held`]: '0x10 1x50', [up('m1')]: '1x10 0x50', [up('m2')]: '1x10 0x50' },
    minutes: [11, 12],
  },
  {
    alert: 'ApiserverProxyVirtualServerMissing',
    trouble: { [weight('m1')]: '1x10 stale', [weight('m2')]: '1x10 stale' },
    minutes: [12, 13],
    labels: { version: '1' },
  },
  {
    alert: 'ApiserverProxyPassesFail',
    trouble: { [`${P}reconcile_failures_total`]: '0x10 60+60x50' },
    minutes: [15, 18],
  },
  {
    alert: 'ApiserverProxyStuck',
    trouble: { [`${P}reconcile_duration_seconds_count`]: '0+60x10 600x50' },
    minutes: [15, 21],
  },
  {
    alert: 'ApiserverProxyRepairs',
    trouble: {
      [`${P}virtual_server_repairs_total{kind="add-virtual-server"}`]: '0x10 1+1x50',
      [`${P}virtual_server_repairs_total{kind="add-real-server"}`]: '0x10 3+3x50',
    },
    minutes: [11, 20],
  },
  {
    alert: 'ApiserverProxyDiscoveryStale',
    trouble: { [`${P}discovery_last_contact_timestamp_seconds`]: '0+60x5 300x50' },
    minutes: [20, 21],
    value: '16m 0s',
  },
  {
    alert: 'ApiserverProxyRestarts',
    trouble: { [`process_start_time_seconds${JOB}`]: '100x4 400x4 700x4 1000x4 1300x4 1600x40' },
    minutes: [17, 24],
    labels: { job: 'bcs-apiserver-proxy' },
  },
];

describe.each(CASES)('$alert', ({ alert, trouble, minutes: [before, after], labels, value }) => {
  const named = (instance: string): Firing => ({
    alert,
    labels: { ...labels, instance },
    ...(value !== undefined && { value }),
  });

  test('a node among many is named', () => {
    check(fleet(11, 1, trouble), { [before]: [], [after]: [named('n1')] });
  });

  test('so is a single one in a small cluster', () => {
    check(fleet(3, 1, trouble), { [before]: [], [after]: [named('n1')] });
  });

  test('of more than a tenth there is one alert, and it names none', () => {
    check(fleet(11, 2, trouble), { [before]: [], [after]: [{ alert: `${alert}OnMany`, value: '18.18%' }] });
  });
});

describe('a master that is not ready', () => {
  const unreachable = (instance: string) => ({
    alert: 'ApiserverProxyMasterUnreachable',
    labels: { instance, real_server: 'm1' },
  });
  const trouble = { [up('m1')]: '1x10 0x50' };

  test('for a tenth of the nodes: they are named', () => {
    check(fleet(20, 2, trouble), { 15: [], 16: [unreachable('n1'), unreachable('n2')] });
  });

  test('for one node of three: it is named', () => {
    check(fleet(3, 1, trouble), { 15: [], 16: [unreachable('n1')] });
  });

  test('for a node that reaches no other one either: one alert, not one for each master', () => {
    const held = { alert: 'ApiserverProxyHeld', labels: { instance: 'n1' } };
    const alone = { ...trouble, [up('m2')]: '1x10 0x50', [`${P}held`]: '0x10 1x50' };
    check(fleet(3, 1, alone), { 11: [], 17: [held] });
  });

  test('for more than a tenth of them', () => {
    const many = {
      alert: 'ApiserverProxyMasterUnreachableOnMany',
      labels: { real_server: 'm1' },
      value: '15%',
    };
    check(fleet(20, 3, trouble), { 15: [], 16: [many] });
  });

  test('for most', () => {
    const down = { alert: 'ApiserverProxyMasterDown', labels: { real_server: 'm1' } };
    check(fleet(5, 3, trouble), { 15: [], 16: [down] });
  });
});

test('the control plane is down: one alert, one for each master, and one when the API has been silent for long', () => {
  const outage = {
    [`${P}held`]: '0x10 1x50',
    [up('m1')]: '1x10 0x50',
    [up('m2')]: '1x10 0x50',
    [`${P}discovery_last_contact_timestamp_seconds`]: '0+60x10 600x50',
  };
  const held = { alert: 'ApiserverProxyHeldOnMany', value: '100%' };
  const down = ['m1', 'm2'].map(real_server => ({
    alert: 'ApiserverProxyMasterDown',
    labels: { real_server },
  }));
  const silent = { alert: 'ApiserverProxyDiscoveryStaleOnMany', value: '100%' };
  check(fleet(20, 20, outage), { 11: [], 12: [held], 17: [held, ...down], 30: [held, ...down, silent] });
});

test('each alert fires in one of these cases', () => {
  const cases = CASES.flatMap(({ alert }) => [alert, `${alert}OnMany`]);
  const others = ['Absent', 'MasterDown', 'MasterUnreachable', 'MasterUnreachableOnMany'];
  expect([...cases, ...others.map(name => `ApiserverProxy${name}`)].sort()).toEqual(
    alerts.map(({ alert }) => alert).sort(),
  );
});
