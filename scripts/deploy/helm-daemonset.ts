// The template of the DaemonSet, and the helpers that decide what is in it.
import { stringify } from 'yaml';
import { daemonFlags } from '../../src/cli/daemon-flags.ts';
import { EVERYWHERE, NOT_IN_A_POD } from '../../src/cli/daemonset.ts';
import { daemonSet } from '../../src/lib/manifests/daemon-set.ts';
import type { V1DaemonSet } from '../../src/lib/manifests/kubernetes.ts';
import { formatManifests } from '../../src/lib/manifests/manifests.ts';
import { NAME } from '../../src/lib/manifests/options.ts';
import { formatHostPort } from '../../src/lib/model/address.ts';
import {
  type ChartBase,
  type Edit,
  edited,
  end,
  members,
  only,
  open,
  optional,
  quoted,
  scalar,
  whole,
} from './helm-template.ts';

/** The manifests' options with expressions for texts, which YAML puts in quotes. All that can be there is there. */
export function templated(base: ChartBase): ChartBase {
  const [address = ''] = reachable(base);
  return {
    ...base,
    image: `{{ include "${NAME}.image" . }}`,
    namespace: '{{ .Release.Namespace }}',
    persistDir: '{{ .Values.persistDir }}',
    listen: { ...base.listen, address },
  };
}

export function daemonSetTemplate(base: ChartBase): string {
  const yaml = formatManifests([withPlaces(daemonSet(templated(base)))])
    .replace(/^( *host: ).*$/gm, `$1'{{ include "${NAME}.probedHost" . }}'`)
    .replace(/^( *(?:- )?(?:port|containerPort): ).*$/gm, '$1{{ .Values.listen.port }}');
  return `{{- include "${NAME}.checkExtraArgs" . }}\n${edited(yaml, {
    maxUnavailable: scalar('toJson .Values.updateStrategy.maxUnavailable'),
    podLabels: members('.Values.podLabels'),
    annotations: whole(
      `merge dict .Values.podAnnotations (include "${NAME}.scrapeAnnotations" . | fromYaml)`,
    ),
    automountServiceAccountToken: scalar('ne .Values.discovery "static"'),
    priorityClassName: optional('.Values.priorityClassName'),
    nodeSelector: whole('.Values.nodeSelector'),
    tolerations: whole('.Values.tolerations'),
    affinity: whole('.Values.affinity'),
    imagePullSecrets: whole('.Values.image.pullSecrets'),
    imagePullPolicy: scalar('.Values.image.pullPolicy'),
    args: daemonArguments(base),
    ports: only(`include "${NAME}.reachable" .`),
    startupProbe: only('.Values.listen.enabled'),
    livenessProbe: only('.Values.listen.enabled'),
    readinessProbe: only('.Values.listen.enabled'),
    resources: whole('.Values.resources'),
  })}`;
}

/** With the keys that only values fill. */
function withPlaces({ spec, ...object }: V1DaemonSet): V1DaemonSet {
  if (spec?.template.spec === undefined) throw new Error('the DaemonSet has no pod');
  const { metadata, spec: pod } = spec.template;
  return {
    ...object,
    spec: {
      ...spec,
      template: {
        metadata: { ...metadata, labels: { ...metadata?.labels, podLabels: '' } },
        spec: { imagePullSecrets: [], ...pod, affinity: {} },
      },
    },
  };
}

/** In the order of `daemon --help`, and only what is not the default: as install-service prints them. */
function daemonArguments({ discovery, listen, persistDir }: ChartBase): Edit {
  const listening = `(include "${NAME}.listen" .)`;
  return (lines, indent) => {
    const inner = `${indent}  `;
    const pair = (word: 'if' | 'with' | 'range', condition: string, flag: string, value = '.') =>
      `${open(inner, word, condition)}${inner}- --${flag}\n${inner}- {{ toJson ${value} }}\n${end(inner)}`;
    return [
      lines,
      pair('with', '.Values.virtualServer', 'vs'),
      pair('range', '.Values.realServers', 'rs'),
      pair('with', '.Values.scheduler', 'scheduler'),
      pair('if', `ne .Values.discovery ${quoted(discovery)}`, 'discovery', '.Values.discovery'),
      pair('if', `ne ${listening} ${quoted(formatHostPort(listen))}`, 'listen', listening),
      pair('if', `ne .Values.persistDir ${quoted(persistDir)}`, 'persist-dir', '.Values.persistDir'),
      `${open(inner, 'range', '.Values.extraArgs')}${inner}- {{ toJson . }}\n${end(inner)}`,
    ].join('');
  };
}

export function helpers(base: ChartBase): string {
  const hosts = [...EVERYWHERE].flatMap(address => [address, probedHost(listeningOn(base, address))]);
  const [anyReachable = ''] = reachable(base);
  const annotations = stringify(scrapeAnnotations(listeningOn(base, anyReachable)));
  return `{{- define "${NAME}.image" -}}
{{- with .Values.image -}}
{{ .repository }}
{{- if or .tag (not .digest) }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "${NAME}.listen" -}}
{{- with .Values.listen -}}
{{- if not .enabled -}}none
{{- else if contains ":" .address -}}[{{ .address }}]:{{ .port }}
{{- else -}}{{ .address }}:{{ .port }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Where kubelet asks, which is on the same host. */ -}}
{{- define "${NAME}.probedHost" -}}
{{- get (dict ${quoted(...hosts)}) .Values.listen.address -}}
{{- end -}}

{{- /* Empty where nobody but the node itself reaches the metrics. */ -}}
{{- define "${NAME}.reachable" -}}
{{- if and .Values.listen.enabled (has .Values.listen.address (list ${quoted(...reachable(base))})) -}}true{{- end -}}
{{- end -}}

{{- define "${NAME}.scrapeAnnotations" -}}
{{- if include "${NAME}.reachable" . }}
${annotations.replace(String(base.listen.port), '{{ .Values.listen.port }}')}{{- end }}
{{- end -}}

{{- define "${NAME}.checkExtraArgs" -}}
{{- range .Values.extraArgs }}
${refusedFlags()
  .map(
    ([form, sentence]) => `{{- if regexMatch ${quoted(form)} . }}{{ fail ${quoted(sentence)} }}{{ end }}\n`,
  )
  .join('')}{{- end }}
{{- end -}}
`;
}

function listeningOn(base: ChartBase, address: string): V1DaemonSet {
  return daemonSet({ ...base, listen: { ...base.listen, address } });
}

function probedHost({ spec }: V1DaemonSet): string | undefined {
  return spec?.template.spec?.containers[0]?.livenessProbe?.httpGet?.host;
}

function scrapeAnnotations({ spec }: V1DaemonSet): Record<string, string> | undefined {
  return spec?.template.metadata?.annotations;
}

/** The addresses on which others than the node can scrape, as the manifests see it. */
export function reachable(base: ChartBase): string[] {
  return [...EVERYWHERE].filter(address => scrapeAnnotations(listeningOn(base, address)) !== undefined);
}

/** Flag -> the value that sets it. */
const SET_BY = {
  vs: 'virtualServer',
  rs: 'realServers',
  scheduler: 'scheduler',
  discovery: 'discovery',
  listen: 'listen',
  'persist-dir': 'persistDir',
} as const satisfies Partial<Record<keyof typeof daemonFlags, string>>;

/** Regular expression -> why not. */
function refusedFlags(): [string, string][] {
  const setBy = Object.entries(SET_BY).map(
    ([name, value]) => [name, `set the value ${value} instead`] as const,
  );
  return [...Object.entries(NOT_IN_A_POD), ...setBy].map(([name, why]) => {
    const flag = daemonFlags[name as keyof typeof daemonFlags];
    const short = 'char' in flag && flag.char !== undefined ? `|^-${flag.char}` : '';
    return [`^--${name}(=|$)${short}`, `extraArgs: --${name}: ${why}`];
  });
}
