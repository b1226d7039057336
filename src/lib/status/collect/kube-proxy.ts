// In which mode kube-proxy runs here, and which networks it leaves alone: as the running one says itself, else by its
// configuration as its process was given it, else by the ConfigMap that kubeadm makes.
import { flagOf, type HostProcess, isRoots, programOf } from '../../host/processes.ts';
import type { HostPort } from '../../model/address.ts';
import { readFileIfThere } from '../../store/atomic-file.ts';
import { parseYaml } from '../../store/yaml.ts';
import type { Facts, KubeProxyFacts } from '../report.ts';
import { ask } from './ask.ts';

export interface ConfigMapValue {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** Undefined when nobody answers in time, or not with such a value. Never rejects. */
export type ReadConfigMap = (value: ConfigMapValue, deadline: AbortSignal) => Promise<string | undefined>;

/** kubeadm's. A node may read it with kubelet's credentials while a pod of kube-proxy runs on it. */
const CONFIG_MAP: ConfigMapValue = { namespace: 'kube-system', name: 'kube-proxy', key: 'config.conf' };

/** metricsBindAddress, when nothing is said. */
const METRICS: HostPort = { address: '127.0.0.1', port: 10249 };

export async function collectKubeProxy(
  processes: readonly HostProcess[],
  readConfigMap: ReadConfigMap | undefined,
  deadline: AbortSignal,
  metrics: HostPort = METRICS,
): Promise<Facts['kubeProxy']> {
  const itself = await askItself(metrics, deadline);
  if (itself !== undefined) return { seen: true, value: itself };
  const running = processes.find(process => programOf(process) === 'kube-proxy' && isRoots(process));
  if (running === undefined) return { seen: false, why: 'no kube-proxy runs here' };
  const given = givenTo(running);
  if (given !== undefined) return { seen: true, value: given };
  const text = await readConfigMap?.(CONFIG_MAP, deadline);
  const configured = text && readConfiguration(text, 'ConfigMap kube-system/kube-proxy');
  return configured
    ? { seen: true, value: configured }
    : { seen: false, why: 'neither kube-proxy nor its configuration could be asked' };
}

/** /proxyMode has the mode that was chosen, where the configuration may leave it open. */
async function askItself(metrics: HostPort, deadline: AbortSignal): Promise<KubeProxyFacts | undefined> {
  const [mode, configuration] = await Promise.all(
    ['/proxyMode', '/configz'].map(path => ask(metrics, path, deadline)),
  );
  if (configuration?.kind !== 'answer' || configuration.status !== 200) return undefined;
  const read = readConfiguration(configuration.body, 'its /configz');
  const chosen = mode?.kind === 'answer' && mode.status === 200 ? mode.body.trim() : undefined;
  return read && { ...read, mode: chosen ?? read.mode };
}

/** Its flags, and the file of --config as it sees it, in a container or not. */
function givenTo(running: HostProcess): KubeProxyFacts | undefined {
  const file = flagOf(running, 'config');
  if (file !== undefined) return readConfigurationFile(`${running.directory}/root${file}`);
  return {
    mode: flagOf(running, 'proxy-mode') || DEFAULT_MODE,
    excludeCIDRs: flagOf(running, 'ipvs-exclude-cidrs')?.split(',') ?? [],
    source: 'its flags',
  };
}

function readConfigurationFile(path: string): KubeProxyFacts | undefined {
  try {
    return readConfiguration(readFileIfThere(path) ?? '', 'its configuration file');
  } catch {
    return undefined; // not root, or the process has ended
  }
}

/** On Linux (pkg/proxy/apis/config/v1alpha1/defaults.go). */
const DEFAULT_MODE = 'iptables';

interface Configuration {
  readonly kind?: string;
  readonly mode?: string;
  readonly ipvs?: { readonly excludecidrs?: unknown } | null;
}

/**
 * A KubeProxyConfiguration: with keys as in its file, or as /configz prints the one in memory, which has Go's names
 * ("IPVS": {"ExcludeCIDRs": null}) and a key for its group around it. JSON is YAML, too. Undefined when it is neither.
 */
export function readConfiguration(text: string, source: string): KubeProxyFacts | undefined {
  try {
    const document = lowerCase(parseYaml(text)) as Record<string, unknown> | null;
    const { kind, mode, ipvs } = (document?.['kubeproxy.config.k8s.io'] ?? document ?? {}) as Configuration;
    if (mode === undefined && kind !== 'KubeProxyConfiguration') return undefined;
    const cidrs = ipvs?.excludecidrs;
    return {
      mode: mode || DEFAULT_MODE,
      excludeCIDRs: Array.isArray(cidrs) ? cidrs.map(String) : [],
      source,
    };
  } catch {
    return undefined;
  }
}

/** Keys only. */
function lowerCase(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toLowerCase(), lowerCase(inner)]),
  );
}
