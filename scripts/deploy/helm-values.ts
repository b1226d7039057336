// The values of the Helm chart: each once, with its default, what it is, and what it may be. values.yaml and
// values.schema.json are written from them.
import { stringify } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { EVERYWHERE } from '../../src/cli/daemonset.ts';
import type { V1DaemonSet } from '../../src/lib/manifests/kubernetes.ts';
import { LABELS, NAME } from '../../src/lib/manifests/options.ts';
import { SCHEDULERS } from '../../src/lib/model/scheduler.ts';
import type { ChartBase } from './helm-template.ts';

type Schema = Readonly<Record<string, unknown>>;

interface Value {
  /** For the reader of values.yaml, and as the description in the schema. */
  readonly about: string;
  readonly value: unknown;
  readonly schema: Schema;
}

interface Group {
  readonly about: string;
  readonly members: Members;
}

type Members = Readonly<Record<string, Value | Group>>;

const value = (about: string, initial: unknown, schema: Schema): Value => ({ about, value: initial, schema });
const group = (about: string, members: Members): Group => ({ about, members });
const text = (pattern?: string): Schema => ({ type: 'string', ...(pattern !== undefined && { pattern }) });
const list = (items: Schema): Schema => ({ type: 'array', items });
const anything: Schema = { type: 'object' };
const texts: Schema = { type: 'object', additionalProperties: text() };
const fields = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
});
const flag = (about: string, initial: boolean): Value => value(about, initial, { type: 'boolean' });
const labels = (initial: object, who: string): Value => value(`Labels that ${who} looks for`, initial, texts);

/** Labels beside ours, which they cannot replace. */
const additional: Schema = {
  ...texts,
  properties: Object.fromEntries(Object.keys(LABELS).map(name => [name, false])),
};

/** The daemon looks closer; this is for what is plainly something else: a name, a URL, an address without a port. */
const HOST_PORT = String.raw`(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]):\d{1,5}`;
const QUANTITY: Schema = { type: ['string', 'number'] };

/** What the manifests are made with, and the DaemonSet that is made of it, give the defaults. */
export function chartValues({ discovery, listen, persistDir }: ChartBase, daemonSet: V1DaemonSet): Members {
  const { updateStrategy, template } = daemonSet.spec ?? {};
  const pod = template?.spec;
  const container = pod?.containers[0];
  return {
    image: group('The image that scripts/build and scripts/image make', {
      repository: value('Registry and path, without a tag', NAME, text('^[\\w.:/-]+$')),
      tag: value("Empty: the chart's version", '', text('^[\\w.-]*$')),
      digest: value('sha256:..., instead of a tag or beside one', '', text('^(sha256:[0-9a-f]{64})?$')),
      pullPolicy: value('When a node pulls it', container?.imagePullPolicy, {
        enum: ['Always', 'IfNotPresent', 'Never'],
      }),
      pullSecrets: value('Secrets for the registry: [{name: NAME}]', [], list(fields({ name: text() }))),
    }),
    virtualServer: value(
      'VIP:PORT or [IPv6]:PORT; empty: what init has persisted on each node',
      '',
      text(`^(${HOST_PORT})?$`),
    ),
    realServers: value(
      'Masters to begin with, ADDRESS:PORT each; empty: what init has persisted on each node',
      [],
      list(text(`^${HOST_PORT}$`)),
    ),
    scheduler: value('IPVS scheduler; empty: what init has persisted on each node', '', {
      enum: ['', ...SCHEDULERS],
    }),
    discovery: value(
      'Who names the masters: endpoints (of the Service kubernetes), nodes (of the control plane), static (realServers alone)',
      discovery,
      { enum: ['endpoints', 'nodes', 'static'] },
    ),
    listen: group('Metrics, health and status over HTTP', {
      enabled: flag('Without it kubelet does not probe the pods either', true),
      address: value('Loopback, for the node alone, or 0.0.0.0 or :: for others as well', listen.address, {
        enum: [...EVERYWHERE],
      }),
      port: value('Must be free on every node', listen.port, {
        type: 'integer',
        minimum: 1,
        maximum: 65535,
      }),
    }),
    persistDir: value(
      'Directory of the persisted set, on the node and in the container',
      persistDir,
      text('^/[\\w./-]*$'),
    ),
    extraArgs: value(
      'Other flags of the daemon, each word an item: [--probe-interval, 5s]',
      [],
      list({ type: 'string' }),
    ),
    resources: value(
      'As measured (docs/deploy.md); no CPU limit, since a daemon that waits for its share fails over late',
      container?.resources,
      fields({
        requests: { type: 'object', additionalProperties: QUANTITY },
        limits: { type: 'object', additionalProperties: QUANTITY },
      }),
    ),
    priorityClassName: value('A node under pressure needs its masters most', pod?.priorityClassName, text()),
    tolerations: value(
      'A node that is tainted or cordoned needs them, too',
      pod?.tolerations,
      list(
        fields({
          key: text(),
          operator: { enum: ['Exists', 'Equal'] },
          value: text(),
          effect: { enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] },
          tolerationSeconds: { type: 'integer' },
        }),
      ),
    ),
    nodeSelector: value('Labels of the nodes that get a pod', pod?.nodeSelector, texts),
    affinity: value(
      'As in a pod',
      {},
      fields({ nodeAffinity: anything, podAffinity: anything, podAntiAffinity: anything }),
    ),
    updateStrategy: group('How a new version reaches the nodes', {
      maxUnavailable: value(
        'Nodes at a time, a number or a share of all',
        updateStrategy?.rollingUpdate?.maxUnavailable,
        { anyOf: [{ type: 'integer', minimum: 1 }, text('^[1-9]\\d?%$|^100%$')] },
      ),
    }),
    podAnnotations: value('Annotations of the pods', {}, texts),
    podLabels: value('Labels of the pods, beside those that they always have', {}, additional),
    rbac: group('What the daemon may read, by discovery', {
      create: flag('false: somebody else makes the role, and binds it', true),
    }),
    podMonitor: group(
      'Scraping by the Prometheus operator; needs a listen.address for others than the node',
      {
        enabled: flag('Make a PodMonitor', false),
        interval: value(
          'Time between scrapes, 30s for example; empty: as Prometheus has it',
          '',
          text('^(\\d+(ms|[smh]))?$'),
        ),
        deprecatedNames: flag('false: what has a new name is not stored under the old one', true),
        labels: value('Labels that your Prometheus looks for, beside those of all objects', {}, additional),
      },
    ),
    prometheusRule: group('The alerts of docs/deploy.md for the Prometheus operator', {
      enabled: flag('Make a PrometheusRule', false),
      runbookBase: value(
        'Where you have docs/troubleshooting.md as a page, for a runbook_url of each alert: https://wiki.example/proxy',
        '',
        text(String.raw`^(https?://[^\s#"'$]+)?$`),
      ),
      labels: labels({}, 'your Prometheus'),
    }),
    dashboard: group("The dashboard, as a ConfigMap for Grafana's sidecar", {
      enabled: flag('Make the ConfigMap', false),
      labels: labels({ grafana_dashboard: '1' }, 'the sidecar'),
    }),
  };
}

/** With each comment above its value. */
export function valuesYaml(members: Members): string {
  return Object.entries(members)
    .map(([name, member]) => `# ${member.about}\n${yamlOf(name, member)}`)
    .join('\n');
}

function yamlOf(name: string, member: Value | Group): string {
  if (!('members' in member)) return stringify({ [name]: member.value }, { lineWidth: 0 });
  const inner = Object.entries(member.members).map(([key, each]) => `# ${each.about}\n${yamlOf(key, each)}`);
  return `${name}:\n${inner.join('').replace(/^(?=.)/gm, '  ')}`;
}

export function valuesSchema(members: Members): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `Values of the chart ${packageJson.name}`,
    ...objectSchema({
      ...members,
      // Helm hands it to every chart that is part of another one.
      global: {
        about: 'Values of the chart that this one is part of',
        value: {},
        schema: anything,
      },
    }),
  };
}

function objectSchema(members: Members): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(members).map(([name, member]) => [
        name,
        {
          description: member.about,
          ...('members' in member ? objectSchema(member.members) : member.schema),
        },
      ]),
    ),
  };
}
