// The Grafana dashboard as data: what the fleet looks like, and what each node sees. Pure.

interface Query {
  readonly expr: string;
  /** Grafana's template of a series' name. */
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly type: 'stat' | 'timeseries';
  /** As Grafana calls it. */
  readonly unit: string;
  readonly queries: readonly Query[];
}

const P = 'bkbcs_apiserverproxy_';
const NODES = '{instance=~"$instance"}';
const MASTER = '{{real_server}}';

const PANELS: readonly Panel[] = [
  stat('Nodes with a daemon', `count(${P}build_info)`),
  stat('Nodes that hold: every master looks dead', `sum(${P}held)`),
  stat('Masters that most nodes find ready', `count(avg by (real_server) (${P}up) >= 0.5)`),
  stat('Longest silence of the API', `max(${P}discovery_age_seconds)`, 's'),
  graph('Nodes that find a master ready', 'short', `sum by (real_server) (${P}up${NODES})`, MASTER),
  graph('Nodes by weight of a master', 'short', `count by (real_server) (${P}weight${NODES} > 0)`, MASTER),
  graph(
    'New connections',
    'cps',
    `sum by (real_server) (rate(${P}connections_total${NODES}[$__rate_interval]))`,
    MASTER,
  ),
  graph('Open connections', 'short', `sum by (real_server) (${P}active_connections${NODES})`, MASTER),
  {
    title: 'Traffic',
    type: 'timeseries',
    unit: 'Bps',
    queries: [
      { expr: `sum(rate(${P}received_bytes_total${NODES}[$__rate_interval]))`, legend: 'to masters' },
      { expr: `sum(rate(${P}sent_bytes_total${NODES}[$__rate_interval]))`, legend: 'from masters' },
    ],
  },
  graph(
    'Probes: the slowest hundredth',
    's',
    `histogram_quantile(0.99, sum by (le, real_server) (rate(${P}probe_seconds_bucket${NODES}[$__rate_interval])))`,
    MASTER,
  ),
  graph(
    'Failed probes',
    'short',
    `sum by (real_server, reason) (increase(${P}probe_failures_total${NODES}[$__rate_interval]))`,
    '{{real_server}} {{reason}}',
  ),
  graph(
    'Changes of state',
    'short',
    `sum by (real_server, to) (increase(${P}transitions_total${NODES}[$__rate_interval]))`,
    '{{real_server}} {{to}}',
  ),
  graph(
    'Repairs of what somebody else changed',
    'short',
    `sum by (instance, kind) (increase(${P}virtual_server_repairs_total${NODES}[$__rate_interval]))`,
    '{{instance}} {{kind}}',
  ),
  graph(
    'Connections broken because no master served them any more',
    'short',
    `sum by (instance) (increase(${P}connections_reset_total${NODES}[$__rate_interval]))`,
    '{{instance}}',
  ),
  graph(
    'Passes: the slowest hundredth',
    's',
    `histogram_quantile(0.99, sum by (le) (rate(${P}reconcile_seconds_bucket${NODES}[$__rate_interval])))`,
    'all nodes',
  ),
  graph(
    'Failed passes',
    'short',
    `sum by (instance) (increase(${P}reconcile_failures_total${NODES}[$__rate_interval])) > 0`,
    '{{instance}}',
  ),
  graph(
    'Memory of the daemons that take most',
    'bytes',
    'topk(5, process_resident_memory_bytes{job="bcs-apiserver-proxy"})',
    '{{instance}}',
  ),
  graph(
    'CPU of the daemons that take most',
    'percentunit',
    'topk(5, rate(process_cpu_seconds_total{job="bcs-apiserver-proxy"}[$__rate_interval]))',
    '{{instance}}',
  ),
];

function stat(title: string, expr: string, unit = 'short'): Panel {
  return { title, type: 'stat', unit, queries: [{ expr, legend: '' }] };
}

function graph(title: string, unit: string, expr: string, legend: string): Panel {
  return { title, type: 'timeseries', unit, queries: [{ expr, legend }] };
}

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** Grafana's dashboard model, schema version 39 (Grafana 10.4 and later). */
export function dashboard(): object {
  return {
    uid: 'bcs-apiserver-proxy',
    title: 'bcs-apiserver-proxy',
    tags: ['kubernetes'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
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

/** The grid is 24 wide: four figures in the first row, then two graphs in each. */
function place(panels: readonly Panel[]): object[] {
  const stats = panels.filter(({ type }) => type === 'stat').length;
  return panels.map(({ title, type, unit, queries }, index) => {
    const graphs = index - stats;
    const gridPos =
      type === 'stat'
        ? { x: 6 * index, y: 0, w: 6, h: 4 }
        : { x: 12 * (graphs % 2), y: 4 + 8 * Math.floor(graphs / 2), w: 12, h: 8 };
    return {
      id: index + 1,
      title,
      type,
      gridPos,
      datasource: DATASOURCE,
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      targets: queries.map(({ expr, legend }, query) => ({
        refId: String.fromCharCode(65 + query),
        datasource: DATASOURCE,
        expr,
        legendFormat: legend,
      })),
    };
  });
}
