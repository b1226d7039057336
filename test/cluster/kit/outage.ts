// All masters die one after the other, further apart than a lease lasts, so that each but the last leaves discovery first.
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../../lab/bounded.ts';
import type { Cluster } from './cluster.ts';
import { isHealthy, mend, PATIENT } from './node.ts';
import { isServed } from './watch.ts';

export interface Outage {
  readonly signal: 'SIGKILL' | 'SIGTERM';
  /** By number. */
  readonly order: readonly number[];
  readonly firstBack: number;
  /** What befalls the node while nobody serves. */
  readonly meanwhile: 'nothing' | 'the daemon is restarted' | 'a reboot';
}

/** A lease lasts 15 s. */
const APART_MS = 20_000;

/** Whoever keeps the virtual server: a daemon, or the boot service until there is one. */
const KEEPERS = ['--full', '^/\\S*bcs-apiserver-proxy (daemon|sync)'];

/** Returns how long after the first master is ready again a request through the VIP is answered, in seconds. */
export async function dieInTurn(cluster: Cluster, outage: Outage): Promise<number> {
  for (const number of outage.order) {
    cluster.master(number).kill(outage.signal);
    await delay(APART_MS);
  }
  expect(await isServed(cluster)).toBe(false);
  await MEANWHILE[outage.meanwhile](cluster);
  await cluster.master(outage.firstBack).startAgain();
  const from = performance.now();
  await eventually('the node is served', () => isServed(cluster), { timeoutMs: 60_000, everyMs: 100 });
  const tookS = (performance.now() - from) / 1000;
  const { signal, order, firstBack, meanwhile } = outage;
  console.log(
    `${cluster.version} | ${signal} to ${order.join(', ')}, 20 s apart; meanwhile ${meanwhile}; ${firstBack} is back | served ${tookS.toFixed(1)} s later`,
  );
  const others = order.filter(number => number !== firstBack).map(number => cluster.master(number));
  await mend(cluster, ...others);
  await eventually('all is well', () => isHealthy(cluster), PATIENT);
  return tookS;
}

const MEANWHILE: Readonly<Record<Outage['meanwhile'], (cluster: Cluster) => Promise<void>>> = {
  nothing: async () => {},
  // As it would end by itself: kubelet or systemd starts it again, without any apiserver.
  'the daemon is restarted': async ({ worker }) => {
    const keepers = async (): Promise<string> => (await worker.run(['pgrep', ...KEEPERS])).stdout;
    const before = await keepers();
    await worker.must(['pkill', '-KILL', ...KEEPERS]);
    await eventually(
      'another daemon runs',
      async () => {
        const now = await keepers();
        return now !== '' && now !== before;
      },
      PATIENT,
    );
  },
  // Until everything is started that starts at boot: kubelet, and the boot service or the daemon.
  'a reboot': async ({ worker }) => {
    await worker.reboot();
    await worker.run(['systemctl', 'is-system-running', '--wait']);
  },
};
