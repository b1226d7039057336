// One line for each part: virtual server, route, the way through it, daemon, persisted set; with --wide the host as well.
// Pure.
import { formatHostPort } from '../../model/address.ts';
import { formatAge } from '../age.ts';
import type { DaemonFacts, Facts } from '../report.ts';
import { wrap } from '../wrap.ts';
import { formatLatency } from './real-servers.ts';

type Row = readonly [name: string, value: string];

const NAME_COLUMNS = 17;

export function overview(facts: Facts, wide: boolean): string[] {
  const rows: Row[] = [
    ...(facts.virtualServer === undefined ? [] : virtualServerRows(facts, facts.virtualServer)),
    ...(facts.virtualServer === undefined ? [] : ([['daemon', describeDaemon(facts.daemon)]] as const)),
    ['persisted set', describePersisted(facts)],
    ...(wide ? hostRows(facts) : []),
  ];
  return rows.flatMap(([name, value]) => wrap(name.padEnd(NAME_COLUMNS), value));
}

function virtualServerRows(
  { kernel, route, throughVip }: Facts,
  virtualServer: { address: string; port: number },
): Row[] {
  const source = route?.source === undefined ? 'source chosen by the kernel' : `source ${route.source}`;
  return [
    ['virtual server', `${formatHostPort(virtualServer)} tcp, ${describeKernel(kernel)}`],
    ['local route', route === undefined ? 'missing' : source],
    ...(throughVip.seen ? ([['through the VIP', describeThroughVip(throughVip.value)]] as const) : []),
  ];
}

function describeKernel(kernel: Facts['kernel']): string {
  if (!kernel.seen) return 'kernel not seen';
  if (kernel.value === undefined) return 'not in the kernel';
  const { scheduler, flags } = kernel.value;
  return `scheduler ${scheduler}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}`;
}

function describeThroughVip({
  outcome,
  reason,
  latencyMs,
  realServer,
}: Extract<Facts['throughVip'], { seen: true }>['value']): string {
  if (outcome === 'dead') return `no answer (${reason ?? 'nothing'})`;
  const word = outcome === 'ready' ? 'ready' : `answers ${reason ?? outcome}`;
  const who = realServer === undefined ? '' : `, from ${formatHostPort(realServer)}`;
  return `${word}${latencyMs === undefined ? '' : ` in ${formatLatency(latencyMs)}`}${who}`;
}

function describeDaemon({ processes, snapshot, unit }: DaemonFacts): string {
  const pid = processes.length === 0 ? '' : `, pid ${processes.join(', ')}`;
  if (!snapshot.seen) {
    if (snapshot.why === 'no-answer') return `does not answer${pid}`;
    if (processes.length > 0) return `running${pid}, cannot be asked`;
    return `not running${unit === undefined ? '' : `, ${unit.name} is ${unit.active}`}`;
  }
  const { lastPassAgeMs, discovery, held } = snapshot.value;
  const pass = lastPassAgeMs === undefined ? 'no pass yet' : `last pass ${ago(lastPassAgeMs)}`;
  return `running${pid}, ${pass}, ${describeDiscovery(discovery)}${held ? ', holding the last known good set' : ''}`;
}

type Discovery = Extract<DaemonFacts['snapshot'], { seen: true }>['value']['discovery'];

function describeDiscovery({ kind, ageMs }: Discovery): string {
  if (kind === 'static') return 'real servers by flag';
  return ageMs === undefined ? 'discovery heard nothing yet' : `discovery ${ago(ageMs)}`;
}

function ago(ms: number): string {
  return `${formatAge(Math.round(ms / 1000))} ago`;
}

function describePersisted({ persisted }: Facts): string {
  if (persisted.spec === undefined) return persisted.problem === undefined ? 'none' : 'none that can be used';
  return `${persisted.path}${persisted.ageS === undefined ? '' : `, written ${formatAge(persisted.ageS)} ago`}`;
}

function hostRows({ sysctls, modules, bootService, kubelet, kubeProxy }: Facts): Row[] {
  return [
    ['parameters', [...sysctls].map(([name, value]) => `${name}=${value ?? 'none'}`).join(' ')],
    ['modules', [...modules].map(([name, loaded]) => `${name} ${loaded ? 'loaded' : 'missing'}`).join(', ')],
    [
      'boot service',
      bootService.seen
        ? `${bootService.value.kind}, ${bootService.value.enabled ? 'enabled' : 'not enabled'}`
        : notSeen(bootService.why),
    ],
    [
      'kubelet',
      kubelet.seen ? `${kubelet.value.server} (${kubelet.value.kubeconfig})` : notSeen(kubelet.why),
    ],
    [
      'kube-proxy',
      kubeProxy.seen
        ? `mode ${kubeProxy.value.mode}, says ${kubeProxy.value.source}`
        : notSeen(kubeProxy.why),
    ],
  ];
}

function notSeen(why: string): string {
  return `not seen: ${why}`;
}
