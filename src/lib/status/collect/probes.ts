// Every real server that anybody names, and the VIP itself, asked at the same time. Loaded only when it is wanted: TLS
// alone costs a third of the start-up.
import { type Pins, realServerOf } from '../../ipvs/pins.ts';
import { compareHostPort, equalHostPort, type HostPort } from '../../model/address.ts';
import { LARGE_ANSWER } from '../../model/apiserver-paths.ts';
import { findCa } from '../../probe/credentials.ts';
import type { Facts, ProbeFacts } from '../report.ts';
import { type ProbeOptions, probe, trustOf } from './probe.ts';

/** As the daemon asks unless it is told otherwise. */
const PATH = '/readyz';

export interface ProbePlan {
  readonly virtualServer: HostPort;
  /** Connections of one host may go to different real servers. */
  readonly spreads: boolean;
  readonly realServers: readonly HostPort[];
  /** More of them, once they are known; what was there is not asked again. */
  readonly moreRealServers: Promise<readonly HostPort[]>;
  /** Files that may know the cluster's CA, in this order. */
  readonly kubeconfigs: readonly string[];
  readonly deadline: AbortSignal;
  readonly pins: Pins;
  readonly sockets: ProbeOptions['sockets'];
}

export async function collectProbes(plan: ProbePlan): Promise<Pick<Facts, 'probes' | 'throughVip'>> {
  const { virtualServer, deadline } = plan;
  const options = {
    trust: trustOf(caOf(plan.kubeconfigs)),
    vip: virtualServer.address,
    path: PATH,
    deadline,
    sockets: plan.sockets,
  };
  const ask = (targets: readonly HostPort[]) =>
    Promise.all(targets.map(async target => ({ ...plain(target), ...(await probe(target, options)) })));
  const targets = distinct(plan.realServers);
  const first = ask(targets);
  const throughVip = probeVip(plan, options);
  const others = distinct(await plan.moreRealServers).filter(
    one => !targets.some(target => equalHostPort(one, target)),
  );
  const value = [...(await first), ...(await ask(others))].toSorted(compareHostPort);
  return { probes: { seen: true, value }, throughVip: { seen: true, value: await throughVip } };
}

async function probeVip(
  { virtualServer, realServers, spreads, pins, deadline }: ProbePlan,
  options: ProbeOptions,
): Promise<Extract<Facts['throughVip'], { seen: true }>['value']> {
  const ask = async () => {
    let realServer: Promise<HostPort | undefined> | undefined;
    const onConnected = (client: HostPort): void => {
      realServer = realServerOf(pins, client, virtualServer, deadline);
    };
    const answer = await probe(virtualServer, { ...options, onConnected });
    return { ...answer, realServer: await realServer };
  };
  const large = probe(virtualServer, { ...options, path: LARGE_ANSWER });
  const count = spreads ? Math.min(MOST_CONNECTIONS, Math.max(1, realServers.length)) : 1;
  const answers = await Promise.all(Array.from({ length: count }, ask));
  const [best] = answers.toSorted((a, b) => RANK.indexOf(a.outcome) - RANK.indexOf(b.outcome));
  if (best === undefined) throw new Error('nobody was asked');
  return { ...best, largeArrives: arrives(await large) };
}

/** That one of several real servers is dead is not that the VIP is: with one connection it would be chance what is said. */
const MOST_CONNECTIONS = 4;
const RANK: readonly ProbeFacts['outcome'][] = ['ready', 'unauthorized', 'not-ready', 'dead'];

function arrives({ outcome, reached, reason }: ProbeFacts): boolean | undefined {
  if (outcome !== 'dead') return true;
  return reached !== 'nothing' && reason === 'etimedout' ? false : undefined;
}

/** The first that can be had; a file that cannot be used is no reason not to probe. */
function caOf(kubeconfigs: readonly string[]): string | undefined {
  for (const kubeconfig of [...kubeconfigs, undefined]) {
    try {
      const ca = findCa({ kubeconfig });
      if (ca !== undefined) return ca;
    } catch {
      // the next one
    }
  }
  return undefined;
}

function distinct(all: readonly HostPort[]): HostPort[] {
  return all.filter((one, index) => all.findIndex(other => equalHostPort(one, other)) === index);
}

function plain({ address, port }: HostPort): HostPort {
  return { address, port };
}
