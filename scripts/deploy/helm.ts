// The Helm chart, deploy/helm/bcs-apiserver-proxy. Its templates are the manifests of src/lib/manifests with expressions in
// the places of what they are made from, so that they cannot come to say something else. Pure.
import { stringify } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { DEPRECATED_NAMES } from '../../src/lib/http/deprecated.ts';
import { accessObjects } from '../../src/lib/manifests/access.ts';
import { daemonSet } from '../../src/lib/manifests/daemon-set.ts';
import { formatManifests, manifests } from '../../src/lib/manifests/manifests.ts';
import { metadata, NAME, SELECTOR } from '../../src/lib/manifests/options.ts';
import { daemonSetTemplate, helpers, reachable, templated } from './helm-daemonset.ts';
import { type ChartBase, edited, members, only, optional, quoted, whole } from './helm-template.ts';
import { chartValues, valuesSchema, valuesYaml } from './helm-values.ts';

/** The oldest that discovery was tried with: docs/kernel-facts.md, K24. */
const KUBERNETES = '>=1.20.0-0';

export interface ChartSources {
  readonly base: ChartBase;
  /** YAML: the groups of alert rules. */
  readonly alerts: string;
  /** JSON. */
  readonly dashboard: string;
  /** Who wrote the files, and from what. */
  readonly note: string;
}

/** Path below the chart's directory -> text. */
export function renderChart({ base, alerts, dashboard, note }: ChartSources): Map<string, string> {
  const values = chartValues(base, daemonSet(base));
  const templates = {
    '_helpers.tpl': helpers(base),
    'serviceaccount.yaml': serviceAccount(base),
    'rbac.yaml': access(base),
    'daemonset.yaml': daemonSetTemplate(base),
    'podmonitor.yaml': podMonitor(base),
    'prometheusrule.yaml': prometheusRule(),
    'dashboard.yaml': dashboardConfigMap(),
    'NOTES.txt': NOTES,
  };
  return new Map([
    ['Chart.yaml', `# ${note}\n${stringify(CHART, { lineWidth: 0 })}`],
    ['values.yaml', `# ${note}\n${valuesYaml(values)}`],
    ['values.schema.json', `${JSON.stringify(valuesSchema(values), null, 2)}\n`],
    ['files/alerts.yaml', alerts],
    ['files/dashboard.json', dashboard],
    ...Object.entries(templates).map(
      ([name, text]) => [`templates/${name}`, `{{- /* ${note} */ -}}\n${text}`] as const,
    ),
  ]);
}

const CHART = {
  apiVersion: 'v2',
  name: NAME,
  description: packageJson.description,
  type: 'application',
  version: packageJson.version,
  appVersion: packageJson.version,
  kubeVersion: KUBERNETES,
  annotations: { 'artifacthub.io/license': packageJson.license },
};

function serviceAccount(base: ChartBase): string {
  return formatManifests(manifests(templated(base)).filter(({ kind }) => kind === 'ServiceAccount'));
}

function access(base: ChartBase): string {
  return (['endpoints', 'nodes', 'static'] as const)
    .map(discovery => ({ discovery, objects: accessObjects({ ...templated(base), discovery }) }))
    .filter(({ objects }) => objects.length > 0)
    .map(
      ({ discovery, objects }) =>
        `{{- if and .Values.rbac.create (eq .Values.discovery "${discovery}") }}\n${formatManifests(objects)}{{- end }}\n`,
    )
    .join('');
}

const OPERATOR = 'monitoring.coreos.com/v1';

/** The alerts look for the daemons as a job with their name, which is what the label of the selector says. */
function podMonitor(base: ChartBase): string {
  const { namespace, listen } = templated(base);
  const [port] = daemonSet({ ...base, listen }).spec?.template.spec?.containers[0]?.ports ?? [];
  const { labels, ...others } = metadata(namespace);
  const object = {
    apiVersion: OPERATOR,
    kind: 'PodMonitor',
    metadata: { ...others, labels: { ...labels, ownLabels: '' } },
    spec: {
      jobLabel: Object.keys(SELECTOR)[0],
      selector: { matchLabels: SELECTOR },
      podMetricsEndpoints: [
        {
          port: port?.name,
          interval: '',
          relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'instance' }],
          metricRelabelings: [
            {
              sourceLabels: ['__name__'],
              regex: `(${DEPRECATED_NAMES.join('|')})(_bucket|_sum|_count)?`,
              action: 'drop',
            },
          ],
        },
      ],
    },
  };
  const yaml = edited(stringify(object, { lineWidth: 0 }), {
    ownLabels: members('.Values.podMonitor.labels'),
    interval: optional('.Values.podMonitor.interval'),
    metricRelabelings: only('not .Values.podMonitor.deprecatedNames'),
  });
  const addresses = reachable(base).join(' or ');
  const nothing = 'podMonitor.enabled: without listen.enabled there are no metrics; set both, or neither';
  const loopback = `podMonitor.enabled: Prometheus cannot reach listen.address %s of a node; set it to ${addresses}`;
  return `{{- if .Values.podMonitor.enabled }}
{{- if not .Values.listen.enabled }}{{ fail ${quoted(nothing)} }}{{ end }}
{{- if not (include "${NAME}.reachable" .) }}{{ fail (printf ${quoted(loopback)} .Values.listen.address) }}{{ end }}
${yaml}{{- end }}
`;
}

/** Alerts and dashboard have templates in braces, which are Prometheus' and Grafana's: Helm must not read them. */
function prometheusRule(): string {
  const object = {
    apiVersion: OPERATOR,
    kind: 'PrometheusRule',
    metadata: { name: NAME, namespace: '{{ .Release.Namespace }}', labels: {} },
  };
  return `{{- if .Values.prometheusRule.enabled }}
${edited(stringify(object), { labels: whole('.Values.prometheusRule.labels') })}spec:
  {{- $rules := .Files.Get "files/alerts.yaml" }}
  {{- with .Values.prometheusRule.runbookBase }}
  {{- $rules = regexReplaceAll ${quoted(SEE)} $rules (printf ${quoted(RUNBOOK)} .) }}
  {{- end }}
  {{- $rules | nindent 2 }}
{{- end }}
`;
}

/** The line of an alert that names its section, and what comes after it. */
const SEE = String.raw`( +)see: \S+#(\S+)`;
// biome-ignore lint/suspicious/noTemplateCurlyInString: of the regular expression in Go
const RUNBOOK = '${0}\n${1}runbook_url: %s#${2}';

function dashboardConfigMap(): string {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${NAME}-dashboard`, namespace: '{{ .Release.Namespace }}', labels: {} },
  };
  return `{{- if .Values.dashboard.enabled }}
${edited(stringify(object), { labels: whole('.Values.dashboard.labels') })}data:
  ${NAME}.json: |
    {{- .Files.Get "files/dashboard.json" | nindent 4 }}
{{- end }}
`;
}

const KUBECTL = 'kubectl -n {{ .Release.Namespace }}';

const NOTES = `The daemon runs on each node, and keeps what \`${NAME} init\` has set up there before kubelet started:

  ${KUBECTL} rollout status daemonset ${NAME}
  ${KUBECTL} exec daemonset/${NAME} -- /usr/local/bin/${NAME} status
{{- if not .Values.virtualServer }}

virtualServer is empty: on a node without a persisted set in {{ .Values.persistDir }} the daemon ends and says so.
{{- end }}

Uninstalling changes nothing on the nodes; \`${NAME} clean\` on each of them does.
`;
