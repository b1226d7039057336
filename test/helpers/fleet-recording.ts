// What a Prometheus that scrapes a fleet would have: pages of the program's own registries, of nodes that each have their own
// trouble, and of an outage of the control plane afterwards. Told to them are only events and snapshots, as a daemon tells them.
import { vi } from 'vitest';
import type { Evidence } from '../../src/lib/health/evidence.ts';
import { Metrics } from '../../src/lib/http/metrics.ts';
import type { RealServerView } from '../../src/lib/http/view.ts';
import { realServerView, snapshot } from './snapshot.ts';

/** Of the whole story, in seconds. It begins where a block of the TSDB does, so that there is one. */
export const BEGIN = Date.UTC(2026, 0, 1) / 1000;
export const OUTAGE = BEGIN + 10 * 60;
export const END = BEGIN + 22 * 60;
const SCRAPE = 30;

export const NODES = 40;
export const JOB = 'bcs-apiserver-proxy';

const MASTERS = [11, 12, 13].map(last => ({ address: `10.0.0.${last}`, port: 6443 }));

interface Moment {
  /** Since the beginning; seconds. */
  readonly s: number;
  readonly outage: boolean;
}

interface Trouble {
  /** Of a master, 0 to 2, where it is not simply ready. */
  readonly master?: (index: number) => Partial<RealServerView> | undefined;
  readonly evidence?: (index: number) => Evidence | undefined;
  readonly held?: boolean;
  /** Since when the API says nothing; seconds before the beginning. */
  readonly silentFor?: number;
  readonly version?: string;
  /** Between two scrapes. */
  readonly happens?: (metrics: Metrics) => void;
  readonly passes?: 'fail' | 'none';
  readonly restartsEach?: number;
  readonly answers?: false;
}

const only = <T>(master: number, what: T) => ({
  at: (index: number): T | undefined => (index === master ? what : undefined),
});
const REFUSED: Evidence = { kind: 'refused', reason: 'econnrefused' };

/** Node -> what is wrong there. All others are well. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  n1: {
    master: only(1, { state: 'dead' as const, weight: undefined }).at,
    evidence: only(1, REFUSED).at,
  },
  n2: {
    master: only(2, { state: 'draining' as const, weight: 0 }).at,
    evidence: only(2, { kind: 'not-ready', reason: 'http-500', latencyMs: 4 } satisfies Evidence).at,
  },
  n3: {
    master: only(0, { state: 'slow' as const }).at,
    evidence: only(0, { kind: 'late', latencyMs: 1800 } satisfies Evidence).at,
  },
  n4: { held: true, master: () => ({ state: 'dead' }), evidence: () => REFUSED },
  n5: { answers: false },
  n6: {
    happens: ({ telemetry }) => {
      for (const kind of ['remove-route', 'remove-route', 'remove-route'] as const)
        telemetry.repaired({ kind, vip: '10.99.0.1' });
    },
  },
  n7: { passes: 'fail' },
  n8: { restartsEach: 120 },
  n9: { master: () => ({ weight: undefined }) },
  n10: { silentFor: 600 },
  n11: { happens: ({ telemetry }) => telemetry.connectionsReset(2) },
  n12: { version: '1.1.0' },
  n13: {
    happens: ({ telemetry }) => {
      const [realServer] = MASTERS;
      if (realServer === undefined) return;
      telemetry.changed({ realServer, from: 'ready', to: 'slow', reason: 'late' });
      telemetry.changed({ realServer, from: 'slow', to: 'ready', reason: '' });
    },
  },
  n14: { passes: 'none' },
};

/** In the format that promtool makes blocks of. */
export async function recordFleet(): Promise<string> {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const nodes = Array.from({ length: NODES }, (_, index) => new Node(index + 1));
    const lines: string[] = [];
    for (let s = 0; BEGIN + s <= END; s += SCRAPE) {
      vi.setSystemTime((BEGIN + s) * 1000);
      for (const node of nodes) lines.push(...(await node.scraped({ s, outage: BEGIN + s > OUTAGE })));
    }
    return `${lines.join('\n')}\n# EOF\n`;
  } finally {
    vi.useRealTimers();
  }
}

class Node {
  readonly #number: number;
  readonly #trouble: Trouble;
  #now: Moment = { s: 0, outage: false };
  #metrics = this.#started();

  constructor(number: number) {
    this.#number = number;
    this.#trouble = TROUBLES[`n${number}`] ?? {};
  }

  /** Samples with labels and time, as they are stored. */
  async scraped(now: Moment): Promise<string[]> {
    const outageBegins = now.outage && !this.#now.outage;
    this.#now = now;
    const { answers, restartsEach } = this.#trouble;
    const target = `instance="n${this.#number}",job="${JOB}"`;
    const time = BEGIN + now.s;
    if (answers === false) return [`up{${target}} 0 ${time}`];
    if (restartsEach !== undefined && now.s % restartsEach === 0) this.#metrics = this.#started();
    this.#live(outageBegins);
    const page = await this.#metrics.render();
    const samples = [...page.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
      ([, name, labels, value]) =>
        `${name}{${labels === undefined ? '' : `${labels},`}${target}} ${value} ${time}`,
    );
    return [`up{${target}} 1 ${time}`, ...samples];
  }

  #started(): Metrics {
    const { version = '1.2.0' } = this.#trouble ?? {};
    return new Metrics({ snapshot: () => this.#snapshot() }, version, '0123456789ab');
  }

  /** Half a minute of a daemon: a pass each second, three probes of each master. */
  #live(outageBegins: boolean): void {
    const { telemetry } = this.#metrics;
    const { evidence, happens, passes } = this.#trouble;
    if (passes !== 'none')
      for (let pass = 0; pass < SCRAPE; pass += 1)
        telemetry.passFinished(0.1 + pass / 100, passes !== 'fail');
    for (const [index, realServer] of MASTERS.entries()) {
      if (outageBegins) telemetry.changed({ realServer, from: 'ready', to: 'dead', reason: 'econnrefused' });
      const latencyMs = 1 + ((this.#number * 7 + this.#now.s) % 20);
      const answer = this.#now.outage ? REFUSED : (evidence?.(index) ?? { kind: 'ready', latencyMs });
      for (let probe = 0; probe < 3; probe += 1) telemetry.probed(realServer, answer);
    }
    happens?.(this.#metrics);
  }

  #snapshot() {
    const { s, outage } = this.#now;
    const { master, held = false, silentFor } = this.#trouble;
    const connections = this.#number + s;
    const silentSince = silentFor === undefined ? OUTAGE - BEGIN : -silentFor;
    const silent = outage || silentFor !== undefined;
    return snapshot({
      held: held || outage,
      realServers: MASTERS.map(({ address, port }, index) => ({
        ...realServerView({
          address: `${address}:${port}`,
          activeConnections: this.#number % 9,
          connections,
          inBytes: connections * 1000,
          outBytes: connections * 9000,
          ...master?.(index),
        }),
        ...(outage && { state: 'dead' as const }),
      })),
      discovery: {
        kind: 'endpoints',
        ageMs: silent ? (s - silentSince) * 1000 : (this.#number % 60) * 1000,
        connected: !silent,
        server: undefined,
        problem: undefined,
      },
    });
  }
}
