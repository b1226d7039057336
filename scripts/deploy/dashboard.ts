// The Grafana dashboard as data. It is made for thousands of nodes: sums, counts and quantiles over all of them, and the ten
// that stand out most by name. No line is a node. Pure.
import { PREFIX as P } from '../../src/lib/http/series.ts';
import { NAME } from '../../src/lib/manifests/options.ts';

interface Query {
  readonly expr: string;
  /** Grafana's template of a series' name. */
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  /** A bar gauge shows what is so now; a node that comes among the first ten and leaves them is no line. */
  readonly type: 'stat' | 'timeseries' | 'bargauge';
  /** As Grafana calls it. */
  readonly unit: string;
  readonly queries: readonly Query[];
}

/** Those that the variable selects. */
const NODES = '{instance=~"$instance"}';
const SCRAPED = `{job="${NAME}", instance=~"$instance"}`;
const MASTER = '{{real_server}}';
const RATE = '[$__rate_interval]';

const SILENCE = `time() - ${P}discovery_last_contact_timestamp_seconds${NODES}`;
const OPEN = `sum by (instance) (${P}active_connections${NODES})`;
const MEMORY = `process_resident_memory_bytes${SCRAPED}`;
const CPU = `rate(process_cpu_seconds_total${SCRAPED}${RATE})`;

const PANELS: readonly Panel[] = [
  stat('Nodes with a daemon', `count(${P}build_info${NODES})`),
  stat('Daemons that cannot be scraped', `count(up${SCRAPED} == 0) or vector(0)`),
  stat('Nodes that reach no master', `sum(${P}held${NODES})`),
  stat(
    'Nodes without real servers',
    `count(${P}build_info${NODES} unless on (instance) ${P}weight) or vector(0)`,
  ),
  stat('Masters ready for most nodes', `count(avg by (real_server) (${P}up${NODES}) >= 0.5)`),
  stat('Longest silence of the API', `max(${SILENCE})`, 's'),

  graph('Nodes for which a master is ready', 'short', `sum by (real_server) (${P}up${NODES})`, MASTER),
  graph(
    'Nodes by the state of a master',
    'short',
    `count by (real_server, state) (${P}state${NODES})`,
    '{{real_server}} {{state}}',
  ),
  graph(
    'Nodes that send connections to a master',
    'short',
    `count by (real_server) (${P}weight${NODES} > 0)`,
    MASTER,
  ),
  graph(
    'Changes of state',
    'short',
    `sum by (real_server, to) (increase(${P}transitions_total${NODES}${RATE}))`,
    '{{real_server}} {{to}}',
  ),
  graph(
    'New connections',
    'cps',
    `sum by (real_server) (rate(${P}connections_total${NODES}${RATE}))`,
    MASTER,
  ),
  graph('Open connections', 'short', `sum by (real_server) (${P}active_connections${NODES})`, MASTER),
  quantiles('Open connections of a node', 'short', OPEN),
  {
    title: 'Traffic',
    type: 'timeseries',
    unit: 'Bps',
    queries: [
      { expr: `sum(rate(${P}received_bytes_total${NODES}${RATE}))`, legend: 'to masters' },
      { expr: `sum(rate(${P}sent_bytes_total${NODES}${RATE}))`, legend: 'from masters' },
    ],
  },
  {
    title: 'Time until a probe is answered: half, and the slowest hundredth',
    type: 'timeseries',
    unit: 's',
    queries: [0.5, 0.99].map(quantile => ({
      expr: `histogram_quantile(${quantile}, sum by (le, real_server) (rate(${P}probe_duration_seconds_bucket${NODES}${RATE})))`,
      legend: `${MASTER} ${quantile}`,
    })),
  },
  graph(
    'Failed probes',
    'short',
    `sum by (real_server, reason) (increase(${P}probe_failures_total${NODES}${RATE}))`,
    '{{real_server}} {{reason}}',
  ),
  graph(
    'Repairs of what somebody else changed',
    'short',
    `sum by (kind) (increase(${P}virtual_server_repairs_total${NODES}${RATE}))`,
    '{{kind}}',
  ),
  graph(
    'Connections broken because no master served them any more',
    'short',
    `sum(increase(${P}connections_reset_total${NODES}${RATE}))`,
    'all nodes',
  ),
  graph(
    'Nodes with failed passes',
    'short',
    `count(increase(${P}reconcile_failures_total${NODES}${RATE}) > 0) or vector(0)`,
    'nodes',
  ),
  graph(
    'Passes: the slowest hundredth',
    's',
    `histogram_quantile(0.99, sum by (le) (rate(${P}reconcile_duration_seconds_bucket${NODES}${RATE})))`,
    'all nodes',
  ),
  quantiles('Silence of the API', 's', SILENCE),
  graph(
    'Nodes by version',
    'short',
    `count by (version, commit) (${P}build_info${NODES})`,
    '{{version}} {{commit}}',
  ),
  quantiles('Memory of a daemon', 'bytes', MEMORY),
  quantiles('CPU of a daemon', 'percentunit', CPU),

  first('Most open connections', 'short', OPEN),
  first(
    'Most failed probes in an hour',
    'short',
    `sum by (instance) (increase(${P}probe_failures_total${NODES}[1h])) > 0`,
  ),
  first(
    'Most repairs in an hour',
    'short',
    `sum by (instance) (increase(${P}virtual_server_repairs_total${NODES}[1h])) > 0`,
  ),
  first('Most failed passes in an hour', 'short', `increase(${P}reconcile_failures_total${NODES}[1h]) > 0`),
  first('Longest silence of the API', 's', SILENCE),
  first('Most restarts in an hour', 'short', `changes(process_start_time_seconds${SCRAPED}[1h]) > 0`),
  first('Most memory', 'bytes', MEMORY),
  first('Most CPU', 'percentunit', CPU),
];

function stat(title: string, expr: string, unit = 'short'): Panel {
  return { title, type: 'stat', unit, queries: [{ expr, legend: '' }] };
}

function graph(title: string, unit: string, expr: string, legend: string): Panel {
  return { title, type: 'timeseries', unit, queries: [{ expr, legend }] };
}

/** How a value is distributed over the nodes. */
function quantiles(title: string, unit: string, nodes: string): Panel {
  const queries = [
    { expr: `quantile(0.5, ${nodes})`, legend: 'half of the nodes' },
    { expr: `quantile(0.99, ${nodes})`, legend: 'all but a hundredth' },
    { expr: `max(${nodes})`, legend: 'all' },
  ];
  return { title: `${title}: at most`, type: 'timeseries', unit, queries };
}

function first(title: string, unit: string, nodes: string): Panel {
  const queries = [{ expr: `topk(10, ${nodes})`, legend: '{{instance}}' }];
  return { title, type: 'bargauge', unit, queries };
}

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** Grafana's dashboard model, schema version 39 (Grafana 10.4 and later). */
export function dashboard(): object {
  return {
    uid: NAME,
    title: NAME,
    tags: ['kubernetes'],
    schemaVersion: 39,
    editable: true,
    refresh: '1m',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'instance',
          label: 'Node',
          type: 'query',
          datasource: DATASOURCE,
          query: `label_values(${P}build_info, instance)`,
          refresh: 2,
          multi: true,
          includeAll: true,
          allValue: '.*',
        },
      ],
    },
    panels: place(PANELS),
  };
}

/** The grid is 24 wide: all figures are in the first row, then two graphs, then four bar gauges are in each. */
const SIZES = { stat: { w: 4, h: 4 }, timeseries: { w: 12, h: 8 }, bargauge: { w: 6, h: 9 } };

function place(panels: readonly Panel[]): object[] {
  let [x, y, height] = [0, 0, 0];
  return panels.map(({ title, type, unit, queries }, index) => {
    const { w, h } = SIZES[type];
    if (x + w > 24 || (height > 0 && h !== height)) [x, y] = [0, y + height];
    const gridPos = { x, y, w, h };
    [x, height] = [x + w, h];
    return {
      id: index + 1,
      title,
      type,
      gridPos,
      datasource: DATASOURCE,
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      ...(type === 'bargauge' && { options: { orientation: 'horizontal', displayMode: 'basic' } }),
      targets: queries.map(({ expr, legend }, query) => ({
        refId: String.fromCharCode(65 + query),
        datasource: DATASOURCE,
        expr,
        legendFormat: legend,
        ...(type !== 'timeseries' && { instant: true, range: false }),
      })),
    };
  });
}
