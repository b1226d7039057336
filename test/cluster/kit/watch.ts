// What a fault costs the worker: an authenticated request through the VIP each half second, and kubelet's own leases.
import { setTimeout as delay } from 'node:timers/promises';
import { ignoreAbort } from '../../../src/lib/errors.ts';
import type { LabProcess, Machine } from '../../lab/machine.ts';
import { VIRTUAL_SERVER } from './addresses.ts';
import { type Cluster, NODE_STATUS } from './cluster.ts';

export interface Cost {
  readonly requests: number;
  readonly failed: number;
  /** From the first failed request to the next that is answered, in seconds; 0 = none failed. */
  readonly outageS: number;
  /** The request that took longest, in seconds. */
  readonly slowestS: number;
  /** Longest time between two renewals of kubelet's lease, in seconds; kubelet asks for one each 10 s. */
  readonly leaseGapS: number;
  /** Whether the cluster ever said of the worker that it is not Ready. */
  readonly wasNotReady: boolean;
}

/** With kubelet's certificate, over a new connection; it prints the answer's code, and waits 5 s for it. */
const REQUEST = `curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' \\
  --cacert /etc/kubernetes/pki/ca.crt --cert /var/lib/kubelet/pki/kubelet-client-current.pem \\
  https://${VIRTUAL_SERVER}/api/v1/nodes/worker || true`;

/** Whether a request through the VIP is answered now. */
export async function isServed({ worker }: Cluster): Promise<boolean> {
  return (await worker.must(['bash', '-c', REQUEST])) === '200';
}

const REQUESTS = `
while :; do
  from=$(cut -d' ' -f1 /proc/uptime)
  code=$(${REQUEST})
  echo "$from $(cut -d' ' -f1 /proc/uptime) $code"
  sleep 0.5
done`;

const LOOK_MS = 1000;

export class Watch {
  readonly #worker: Machine;
  readonly #process: LabProcess;
  readonly #stop = new AbortController();
  readonly #sampling: Promise<void>;
  /** ms since 1970, by the worker's clock. */
  readonly #renewals = new Set<number>();
  #wasNotReady = false;

  private constructor(cluster: Cluster, process: LabProcess) {
    this.#worker = cluster.worker;
    this.#process = process;
    this.#sampling = this.#sample(cluster);
  }

  static async start(cluster: Cluster): Promise<Watch> {
    const process = await cluster.worker.spawn(['bash', '-c', REQUESTS]);
    await process.waitForLine(line => line.endsWith(' 200'));
    return new Watch(cluster, process);
  }

  /** Until a request that was begun from now on is answered. Returns how long that took, in seconds. */
  async untilServed(): Promise<number> {
    const now = await this.#uptime();
    const line = await this.#process.waitForLine(
      each => each.endsWith(' 200') && Number(each.split(' ')[0]) > now,
    );
    return Number(line.split(' ')[1]) - now;
  }

  async stop(): Promise<Cost> {
    this.#stop.abort();
    await this.#sampling;
    this.#process.kill('SIGKILL');
    await this.#process.exited;
    const outcomes = this.#process.stdout.trim().split('\n').map(outcomeOf);
    const renewals = [...this.#renewals].sort((a, b) => a - b);
    const gaps = renewals.slice(1).map((at, index) => at - (renewals[index] ?? at));
    return {
      requests: outcomes.length,
      failed: outcomes.filter(({ ok }) => !ok).length,
      outageS: outageOf(outcomes),
      slowestS: Math.max(0, ...outcomes.map(({ from, until }) => until - from)),
      leaseGapS: Math.max(0, ...gaps) / 1000,
      wasNotReady: this.#wasNotReady,
    };
  }

  async #uptime(): Promise<number> {
    return Number((await this.#worker.readFile('/proc/uptime')).split(' ')[0]);
  }

  async #sample(cluster: Cluster): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // Masters that are being killed do not answer, which is no news here.
      const [renewedAt, status] = [cluster.leaseRenewedAt(), cluster.tryKubectl(NODE_STATUS)];
      if (renewedAt !== undefined) this.#renewals.add(renewedAt);
      if (status !== undefined && status !== 'True') this.#wasNotReady = true;
      await delay(LOOK_MS, undefined, { signal: this.#stop.signal }).catch(ignoreAbort);
    }
  }
}

interface Outcome {
  /** Seconds since the worker's boot. */
  readonly from: number;
  readonly until: number;
  readonly ok: boolean;
}

function outcomeOf(line: string): Outcome {
  const [from = '', until = '', code] = line.split(' ');
  return { from: Number(from), until: Number(until), ok: code === '200' };
}

function outageOf(outcomes: readonly Outcome[]): number {
  const first = outcomes.findIndex(({ ok }) => !ok);
  const last = outcomes.findLastIndex(({ ok }) => !ok);
  const [begin, end] = [outcomes[first], outcomes[last + 1]];
  return begin === undefined || end === undefined ? 0 : end.until - begin.from;
}
