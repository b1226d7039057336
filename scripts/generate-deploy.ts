// Writes what deploy/ has from other sources: the manifests of the kustomize base, the alert rules for the Prometheus
// operator, and the dashboard.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { formatManifests, manifests } from '../src/lib/manifests/manifests.ts';
import { dashboard } from './deploy/dashboard.ts';

const DEPLOY = join(import.meta.dirname, '../deploy');

/** Path below deploy/ -> text. */
export function renderDeploy(): ReadonlyMap<string, string> {
  return new Map([
    ['base/bcs-apiserver-proxy.yaml', `${note('src/lib/manifests')}${formatManifests(baseManifests())}`],
    ['monitoring/prometheus-rule.yaml', `${note('alerts.yaml')}${prometheusRule()}`],
    ['monitoring/dashboard.json', `${JSON.stringify(dashboard(), null, 2)}\n`],
  ]);
}

/** The paths of those that are not as they should be. */
export function staleDeployFiles(): string[] {
  return [...renderDeploy()]
    .filter(([path, text]) => readText(path) !== text)
    .map(([path]) => `deploy/${path}`);
}

/** No flags: virtual server and scheduler are those that `init` has left in each node's persisted set. */
function baseManifests() {
  return manifests({
    args: [],
    image: `${packageJson.name}:${packageJson.version}`,
    namespace: 'kube-system',
    discovery: 'endpoints',
    persistDir: '/root/.bcs',
    listen: { address: '127.0.0.1', port: 8004 },
  });
}

function prometheusRule(): string {
  const rules = readText('monitoring/alerts.yaml').replace(/^#.*\n/gm, '');
  const head = [
    'apiVersion: monitoring.coreos.com/v1',
    'kind: PrometheusRule',
    'metadata:',
    '  name: bcs-apiserver-proxy',
    '  namespace: kube-system',
    'spec:',
  ];
  return `${head.join('\n')}\n${rules.replace(/^(?=.)/gm, '  ')}`;
}

function note(source: string): string {
  return `# Written by scripts/generate-deploy.ts from ${source}.\n`;
}

function readText(path: string): string {
  return readFileSync(join(DEPLOY, path), 'utf8');
}

if (import.meta.main) {
  for (const [path, text] of renderDeploy()) writeFileSync(join(DEPLOY, path), text);
}
