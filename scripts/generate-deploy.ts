// Writes what deploy/ has from other sources: the manifests of the kustomize base, the Helm chart, the alert rules for the
// Prometheus operator, and the dashboard.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DEFAULT_IMAGE, DEFAULT_NAMESPACE } from '../src/cli/pod-flags.ts';
import { DEFAULT_PERSIST_DIR } from '../src/lib/host/paths.ts';
import { formatManifests, manifests } from '../src/lib/manifests/manifests.ts';
import { NAME } from '../src/lib/manifests/options.ts';
import { alertRules } from './deploy/alerts.ts';
import { dashboard } from './deploy/dashboard.ts';
import { renderChart } from './deploy/helm.ts';

const DEPLOY = join(import.meta.dirname, '../deploy');
/** Below it, all is generated. */
const CHART = `helm/${NAME}`;

/** Path below deploy/ -> text. */
export function renderDeploy(): ReadonlyMap<string, string> {
  const dashboardJson = `${JSON.stringify(dashboard(), null, 2)}\n`;
  const chart = renderChart({
    base: BASE,
    alerts: alertRules(),
    dashboard: dashboardJson,
    note: note('src/lib/manifests and scripts/deploy/helm.ts'),
  });
  return new Map([
    ['base/bcs-apiserver-proxy.yaml', `# ${note('src/lib/manifests')}\n${formatManifests(manifests(BASE))}`],
    ['monitoring/alerts.yaml', `# ${note(ALERTS)}\n${EXPECTED_JOB}${alertRules()}`],
    ['monitoring/prometheus-rule.yaml', `# ${note(ALERTS)}\n${prometheusRule()}`],
    ['monitoring/dashboard.json', dashboardJson],
    ...[...chart].map(([path, text]) => [`${CHART}/${path}`, text] as const),
  ]);
}

/** The paths of those that are not as they should be, and of files in the chart that should not be there. */
export function staleDeployFiles(): string[] {
  const rendered = renderDeploy();
  return [
    ...[...rendered].filter(([path, text]) => !exists(path) || readText(path) !== text).map(([path]) => path),
    ...chartFiles().filter(path => !rendered.has(path)),
  ].map(path => `deploy/${path}`);
}

/** No flags: virtual server and scheduler are those that `init` has left in each node's persisted set. */
const BASE = {
  args: [],
  image: DEFAULT_IMAGE,
  namespace: DEFAULT_NAMESPACE,
  discovery: 'endpoints',
  persistDir: DEFAULT_PERSIST_DIR,
  listen: { address: '127.0.0.1', port: 8004 },
} as const;

const ALERTS = 'scripts/deploy/alerts.ts';

const EXPECTED_JOB = `# For rule_files of Prometheus; prometheus-rule.yaml has the same for its operator. They expect the daemons as job
# "${NAME}": docs/deploy.md says how to scrape them.
`;

function prometheusRule(): string {
  const head = [
    'apiVersion: monitoring.coreos.com/v1',
    'kind: PrometheusRule',
    'metadata:',
    '  name: bcs-apiserver-proxy',
    '  namespace: kube-system',
    'spec:',
  ];
  return `${head.join('\n')}\n${alertRules().replace(/^(?=.)/gm, '  ')}`;
}

function note(source: string): string {
  return `Written by scripts/generate-deploy.ts from ${source}.`;
}

function readText(path: string): string {
  return readFileSync(join(DEPLOY, path), 'utf8');
}

function exists(path: string): boolean {
  return statSync(join(DEPLOY, path), { throwIfNoEntry: false }) !== undefined;
}

function chartFiles(): string[] {
  if (!exists(CHART)) return [];
  return readdirSync(join(DEPLOY, CHART), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(DEPLOY.length + 1));
}

if (import.meta.main) {
  const rendered = renderDeploy();
  rmSync(join(DEPLOY, CHART), { recursive: true, force: true });
  for (const [path, text] of rendered) {
    mkdirSync(dirname(join(DEPLOY, path)), { recursive: true });
    writeFileSync(join(DEPLOY, path), text);
  }
}
