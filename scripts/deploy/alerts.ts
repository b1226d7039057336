// The alert rules. What can go wrong on a node has two alerts: one that names the node, as long as few have it, and one for
// the fleet, as soon as many do. A control plane that is down is then not one alert for each of 5,000 nodes. Pure.
import { stringify } from 'yaml';
import { PREFIX as P } from '../../src/lib/http/series.ts';
import { NAME } from '../../src/lib/manifests/options.ts';
import { JOB, MASTER, NODE, type Severity, SHARE, type Text, TROUBLES, type Trouble } from './troubles.ts';

interface Alert extends Text {
  readonly name: string;
  readonly expr: string;
  readonly for?: string | undefined;
  readonly severity: Severity;
  readonly scope: 'fleet' | 'node';
  readonly code: string;
}

/** More than a tenth, and more than one: a single node is named, also where there are only three. */
function many(nodes: string, of: string, by = ''): string {
  return `count${by}(${nodes}) / count${by}(${of}) > 0.1 and count${by}(${nodes}) > 1`;
}

const MASTER_DOWN = `avg by (real_server) (${P}up) < 0.5`;
const MASTER_UNREACHABLE_BY_MANY = many(`${P}up == 0`, `${P}up`, ' by (real_server) ');

const ALERTS: readonly Alert[] = [
  {
    name: 'ApiserverProxyAbsent',
    expr: `absent(up${JOB})`,
    for: '10m',
    severity: 'warning',
    scope: 'fleet',
    code: 'daemon-not-running',
    summary: `Prometheus scrapes no daemon of ${NAME}`,
    description: 'Nothing tells whether nodes fail over. Check the scrape configuration, then the DaemonSet.',
  },
  {
    name: 'ApiserverProxyMasterDown',
    expr: MASTER_DOWN,
    for: '5m',
    severity: 'critical',
    scope: 'fleet',
    code: 'real-server-down',
    summary: `Master ${MASTER} is not ready for most nodes`,
    description: 'They use the other masters. Repair this one, or remove it from the cluster.',
  },
  {
    name: 'ApiserverProxyMasterUnreachableOnMany',
    expr: `${MASTER_UNREACHABLE_BY_MANY} unless ${MASTER_DOWN}`,
    for: '5m',
    severity: 'warning',
    scope: 'fleet',
    code: 'real-server-down',
    summary: `Master ${MASTER} is not ready for ${SHARE} of the nodes`,
    description: 'They use the other masters. Check the network between them and this one, firewalls first.',
  },
  {
    name: 'ApiserverProxyMasterUnreachable',
    expr: `${P}up == 0 unless on (real_server) (${MASTER_UNREACHABLE_BY_MANY}) unless on (real_server) ${MASTER_DOWN} unless on (instance) ${P}held == 1`,
    for: '5m',
    severity: 'warning',
    scope: 'node',
    code: 'real-server-down',
    summary: `Master ${MASTER} is not ready for ${NODE}, but is for most other nodes`,
    description: 'Check the network between the two, firewalls first.',
  },
  ...TROUBLES.flatMap(pair),
];

function pair({ name, nodes, of = `${P}build_info`, severity, node, fleet, ...both }: Trouble): Alert[] {
  const share = many(nodes, of);
  return [
    { ...both, ...fleet, name: `${name}OnMany`, expr: share, severity, scope: 'fleet' },
    {
      ...both,
      ...node,
      name,
      expr: `(${nodes}) unless on () (${share})`,
      severity: 'warning',
      scope: 'node',
    },
  ];
}

/** A rule file of Prometheus. */
export function alertRules(): string {
  const rules = ALERTS.map(({ name, expr, severity, scope, code, summary, description, ...wait }) => ({
    alert: name,
    expr,
    ...wait,
    labels: { severity, scope },
    annotations: { summary, description, see: `docs/troubleshooting.md#${code}` },
  }));
  const text = stringify({ groups: [{ name: NAME, rules }] }, { lineWidth: 0 });
  return text.replaceAll('\n      - alert:', '\n\n      - alert:').replace('rules:\n\n', 'rules:\n');
}
