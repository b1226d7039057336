// The whole page of /metrics, as Prometheus and those who pay for its storage see it.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEPRECATED_NAMES } from '../../../src/lib/http/deprecated.ts';
import { Metrics } from '../../../src/lib/http/metrics.ts';
import { promtool } from '../../helpers/prometheus.ts';
import { realServerView, snapshot } from '../../helpers/snapshot.ts';

const DOCS = readFileSync(new URL('../../../docs/deploy.md', import.meta.url), 'utf8');

/** The page of a daemon whose masters have been probed, and are ready. */
async function pageOf(masters: number, happened: (metrics: Metrics) => void = () => {}): Promise<string> {
  const addresses = Array.from({ length: masters }, (_, index) => ({
    address: `10.0.0.${11 + index}`,
    port: 6443,
  }));
  const realServers = addresses.map(({ address, port }) => realServerView({ address: `${address}:${port}` }));
  const metrics = new Metrics({ snapshot: () => snapshot({ realServers }) }, '1.2.3', '0123456789ab');
  for (const realServer of addresses) {
    metrics.telemetry.changed({ realServer, from: 'new', to: 'ready', reason: '' });
    metrics.telemetry.probed(realServer, { kind: 'ready', latencyMs: 2 });
  }
  metrics.telemetry.passFinished(0.1, true);
  happened(metrics);
  return await metrics.render();
}

/** With something in each metric. */
const EVENTFUL = (metrics: Metrics): void => {
  const realServer = { address: '10.0.0.11', port: 6443 };
  metrics.telemetry.probed(realServer, { kind: 'not-ready', reason: 'http-500', latencyMs: 3 });
  metrics.telemetry.changed({ realServer, from: 'ready', to: 'draining', reason: 'http-500' });
  metrics.telemetry.repaired({ kind: 'remove-route', vip: '10.99.0.1' });
};

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labels: readonly string[];
}

function familiesOf(page: string): Family[] {
  return page.split(/^(?=# HELP )/m).map(text => {
    const [, name = '', help = ''] = /^# HELP (\S+) (.+)$/m.exec(text) ?? [];
    const labels = [...text.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label);
    return {
      name,
      help,
      type: /^# TYPE \S+ (\S+)$/m.exec(text)?.[1] ?? '',
      labels: [...new Set(labels)].filter(label => label !== 'le'),
    };
  });
}

const isDeprecated = (name: string): boolean =>
  DEPRECATED_NAMES.some(old => name === old || name.startsWith(`${old}_`));

/** Names of samples. */
function samplesIn(page: string): string[] {
  return [...page.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name = '']) => name);
}

describe('names', () => {
  test('promtool has nothing to say of them, old ones and new ones together', async () => {
    const page = await pageOf(3, EVENTFUL);
    expect(samplesIn(page).some(isDeprecated)).toBe(true);
    expect(promtool(['check', 'metrics'], { input: page })).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('promtool would say it', () => {
    const page = '# HELP x_ms Time.\n# TYPE x_ms counter\nx_ms 1\n';
    expect(promtool(['check', 'metrics'], { input: page })).toMatchObject({ status: 3 });
  });

  test('follow the conventions that it does not know', async () => {
    const families = familiesOf(await pageOf(3, EVENTFUL)).filter(({ name }) => !isDeprecated(name));
    expect(families.length).toBeGreaterThan(15);
    for (const { name, type, help, labels } of families) {
      expect(name).toMatch(/^(bkbcs_apiserverproxy|process)_[a-z_]+$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(/(_duration_seconds|_bytes)$/.test(name), name).toBe(
        type === 'histogram' || name === 'process_resident_memory_bytes',
      );
      expect(name).not.toMatch(/_age(_|$)|_(ms|milliseconds|kb)$/);
      expect(help).toMatch(/\.$/);
      // Scraping adds who it was, by these names.
      expect(labels.filter(label => ['node', 'instance', 'job', 'pod', 'namespace'].includes(label))).toEqual(
        [],
      );
    }
  });

  test('its type is that of the text format', () => {
    expect(new Metrics({ snapshot }, '1', '0123456789ab').contentType).toBe(
      'text/plain; version=0.0.4; charset=utf-8',
    );
  });
});

describe('a deprecated name', () => {
  test.each(DEPRECATED_NAMES)('%s says what to use, and has as many samples', async name => {
    const page = await pageOf(3, EVENTFUL);
    const families = familiesOf(page);
    const { help, type, labels } = families.find(family => family.name === name) ?? {};
    const [, use] = /^Deprecated: use (\w+)\.$/.exec(help ?? '') ?? [];
    const current = families.find(family => family.name === use);
    expect({ type, labels: labels?.toSorted() }).toEqual({
      type: current?.type,
      labels: current?.labels.toSorted(),
    });
    const samplesOf = (family = '') =>
      page.split('\n').filter(line => new RegExp(`^${family}(_bucket|_sum|_count)?[{ ]`).test(line));
    expect(samplesOf(name)).toHaveLength(samplesOf(use).length);
    if (type === 'histogram')
      expect(samplesOf(name)).toEqual(samplesOf(use).map(line => line.replace(use ?? '', name)));
  });
});

describe('the number of samples', () => {
  /** "F and P for each master", as the page says it of what stays and of what the next release no longer has. */
  function documented(what: string): (masters: number) => number {
    const [, fixed, each] = new RegExp(`${what}: (\\d+), and (\\d+) for each master`).exec(DOCS) ?? [];
    if (fixed === undefined) throw new Error(`docs/deploy.md does not say: ${what}`);
    return masters => Number(fixed) + Number(each) * masters;
  }

  test.each([3, 7])('with %i masters is what docs/deploy.md says', async masters => {
    const samples = samplesIn(await pageOf(masters));
    expect(samples.filter(name => !isDeprecated(name))).toHaveLength(
      documented('Samples of a node')(masters),
    );
    expect(samples.filter(isDeprecated)).toHaveLength(documented('Under the old names')(masters));
  });

  test('with three masters is at most 60, those of the old names apart', async () => {
    const samples = samplesIn(await pageOf(3)).filter(name => !isDeprecated(name));
    expect(samples.length).toBeLessThanOrEqual(60);
  });

  test.each([100, 1000, 5000])('of %i nodes is in docs/deploy.md, with those that Prometheus adds', nodes => {
    const own = documented('Samples of a node')(3) + 5;
    const old = documented('Under the old names')(3);
    const row = [nodes, nodes * own, (nodes * own) / 30, (nodes * (own + old)) / 30];
    expect(DOCS).toContain(`| ${row.map(count => Math.round(count).toLocaleString('en')).join(' | ')} |`);
  });

  test('is one more for each kind of incident, however often it happens', async () => {
    const often = (metrics: Metrics): void => {
      EVENTFUL(metrics);
      EVENTFUL(metrics);
    };
    const calm = samplesIn(await pageOf(3)).length;
    expect(samplesIn(await pageOf(3, often))).toHaveLength(calm + 3);
  });
});

test('what docs/deploy.md drops at the scrape are the old names, all of them', async () => {
  const [, regex] = /source_labels: \[__name__\]\n +regex: (.+)\n +action: drop/.exec(DOCS) ?? [];
  const samples = samplesIn(await pageOf(3, EVENTFUL));
  expect(samples.filter(name => new RegExp(`^(?:${regex})$`).test(name))).toEqual(
    samples.filter(isDeprecated),
  );
});

test('docs/deploy.md has each metric with its type, its labels and its old name', async () => {
  const inCode = (text = ''): string[] => [...text.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  const rows = [...DOCS.matchAll(/^\| `(?:bkbcs|process)_.*\|$/gm)].map(([row]) => {
    const [, name, type = '', labels, , old] = row.split('|');
    return { name: inCode(name)[0], type: type.trim(), labels: inCode(labels).sort(), old: inCode(old)[0] };
  });
  const families = familiesOf(await pageOf(3, EVENTFUL));
  const oldNameOf = (name: string): string | undefined =>
    families.find(({ help }) => help === `Deprecated: use ${name}.`)?.name;
  expect(rows).toEqual(
    families
      .filter(({ name }) => !isDeprecated(name))
      .map(({ name, type, labels }) => ({ name, type, labels: labels.toSorted(), old: oldNameOf(name) })),
  );
});
