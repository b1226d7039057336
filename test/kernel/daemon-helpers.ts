// What daemon scenarios share: a running daemon, the three clients that measure a fault, and the table row they fill.
import { expect } from 'vitest';
import { VIP4, VIP6 } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { KUBECONFIG, writeKubeconfig } from '../lab/kubeconfig.ts';
import type { LabHost, RunningClient } from '../lab/lab-host.ts';
import type { LabProcess, Machine } from '../lab/machine.ts';
import type { Master } from '../lab/master.ts';
import type { Network } from '../lab/network.ts';
import { type Outcome, wrongWindow } from '../lab/outcome.ts';
import { type InitShape, initArgs, vipOf } from './helpers.ts';

export interface DaemonShape extends InitShape {
  /** Where the API is: through the VIP (the default), or a URL. */
  server?: string;
  host?: LabHost;
  args?: readonly string[];
}

/** Runs init and the daemon, and waits until every master is ready. */
export async function startDaemon(
  machine: Machine,
  net: Network,
  shape: DaemonShape = {},
): Promise<LabProcess> {
  const host = shape.host ?? net.worker;
  const init = await host.proxy(initArgs(net, shape));
  expect(init.code, init.stderr).toBe(0);
  const count = shape.masters?.length ?? net.masters.length;
  return runDaemon(machine, host, shape, count);
}

/** Runs the daemon alone and waits until so many masters are ready. */
export async function runDaemon(
  machine: Machine,
  host: LabHost,
  shape: DaemonShape,
  ready: number,
): Promise<LabProcess> {
  const { family = 4, scheduler, args = [] } = shape;
  await writeKubeconfig(machine, shape.server ?? `https://${vipOf(family)}`);
  const schedulerArgs = scheduler === undefined ? [] : ['--scheduler', scheduler];
  const daemon = await host.startProxy([
    'daemon',
    '--vs',
    vipOf(family),
    '--kubeconfig',
    KUBECONFIG,
    ...schedulerArgs,
    ...args,
  ]);
  for (let seen = 0; seen < ready; seen += 1) {
    let index = 0;
    await daemon.waitForLine(line => line.includes('is ready') && index++ === seen);
  }
  return daemon;
}

export interface Clients {
  readonly fresh: RunningClient;
  readonly busy: RunningClient;
  readonly idle: RunningClient;
  /** The master that serves them. */
  readonly master: Master;
}

/**
 * A client that opens a fresh TLS connection every 250 ms, one that is busy, one that waits in silence. The first waits for
 * a second, or for `patienceMs` where late is as good as in time.
 */
export async function startClients(
  net: Network,
  host: LabHost = net.worker,
  family: 4 | 6 = 4,
  patienceMs?: number,
): Promise<Clients> {
  const vip = family === 4 ? VIP4 : VIP6;
  const fresh = await host.client('fresh', { vip, ...(patienceMs && { timeoutMs: patienceMs }) });
  // They wait far longer than any scenario lasts, so that an error of theirs is the daemon's doing.
  const busy = await host.client('busy', { vip, timeoutMs: 120_000 });
  const idle = await host.client('idle', { vip, timeoutMs: 120_000 });
  await fresh.waitFor(({ ok }) => ok);
  await idle.waitFor(({ ok }) => ok);
  const { master } = await busy.waitFor(({ ok }) => ok);
  const found = net.masters.find(({ name }) => name === master);
  if (found === undefined) throw new Error(`no master is called ${master}`);
  return { fresh, busy, idle, master: found };
}

export interface Measured {
  /** From the fault to the end of the last failed fresh connection; 0 when none failed. */
  readonly wrongMs: number;
  /** From the fault to the error. */
  readonly busyMs: number;
  readonly idleMs: number;
}

/** Waits until the open connections have broken and a fresh one succeeds again; prints and returns what it took. */
export async function measureFault(
  label: string,
  { fresh, busy, idle, master }: Clients,
  faultAt: number,
): Promise<Measured> {
  const brokenBusy = await busy.waitFor(movedFrom(master));
  const brokenIdle = await idle.waitFor(({ ok }) => !ok);
  await fresh.waitFor(({ ok, at }) => ok && at > Math.max(endOf(brokenBusy), endOf(brokenIdle)));
  // Two more in a row, so that one lucky connection does not end the measurement.
  const outcomes = await settled(fresh);
  const measured = {
    wrongMs: Math.max(
      0,
      Math.round((wrongWindow(outcomes.filter(({ at }) => at >= faultAt - 1_000))?.to ?? faultAt) - faultAt),
    ),
    busyMs: Math.round(endOf(brokenBusy) - faultAt),
    idleMs: Math.round(endOf(brokenIdle) - faultAt),
  };
  console.log(
    `${label}: new connections wrong for ${measured.wrongMs} ms, busy broken after ${measured.busyMs} ms, idle after ${measured.idleMs} ms`,
  );
  return measured;
}

/** A kept-alive connection that broke between two requests is replaced without an error: the next answer is another's. */
export function movedFrom(master: Master): (outcome: Outcome) => boolean {
  return ({ ok, master: name }) => !ok || name !== master.name;
}

async function settled(fresh: RunningClient): Promise<Outcome[]> {
  await eventually(
    'eight good connections in a row',
    async () =>
      fresh
        .outcomes()
        .slice(-8)
        .every(({ ok }) => ok) && fresh.outcomes().length >= 8,
  );
  return fresh.stop();
}

function endOf({ at, ms }: Outcome): number {
  return at + ms;
}

/** "10.77.0.11:6443" -> weight, of the virtual servers in the kernel. */
export async function weights(host: LabHost): Promise<Record<string, number>> {
  const lines = (await host.rules()).split('\n').filter(line => line.startsWith('-a'));
  return Object.fromEntries(
    lines.map(line => {
      const match = /-r (\S+) -m -w (\d+)/.exec(line);
      return [match?.[1] ?? line, Number(match?.[2])];
    }),
  );
}
