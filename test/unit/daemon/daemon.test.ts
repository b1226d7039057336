// The daemon as a whole on a kernel in memory: none of its loops ends with a failure, what discovery names is looked at
// before it is believed, and what it keeps is what boots.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { loadDaemonConfig } from '../../../src/lib/config/load.ts';
import { assembleDaemon } from '../../../src/lib/daemon/assemble.ts';
import { Daemon, type DaemonParts } from '../../../src/lib/daemon/daemon.ts';
import type { EndpointSource } from '../../../src/lib/discovery/source.ts';
import { createLogger } from '../../../src/lib/log.ts';
import { formatHostPort, type HostPort, parseHostPort } from '../../../src/lib/model/address.ts';
import { savePersisted } from '../../../src/lib/store/persisted-set.ts';
import { loadState } from '../../../src/lib/store/state-file.ts';
import { listener } from '../../../src/lib/telemetry.ts';
import { memoryKernel } from '../../helpers/memory-kernel.ts';
import { aSpec } from '../../helpers/specs.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const NO_SOCKETS = { connectedTo: () => [], traffic: () => [], destroy: () => false };
const MASTERS = aSpec().realServers.map(formatHostPort);

/** Runs until the test is over. */
function run(daemon: Daemon): Daemon {
  const stop = new AbortController();
  const ended = daemon.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return daemon;
}

/** Its masters are never asked; it is told of others by `openSource`. */
function told(parts: Partial<DaemonParts>): { daemon: Daemon; problems: string[] } {
  const problems: string[] = [];
  const daemon = new Daemon({
    ...{ spec: aSpec(), kernel: memoryKernel(), sockets: NO_SOCKETS, clock: systemClock },
    openSource: async () => source(async () => {}),
    startProbe: () => ({ start() {}, stop() {}, probeSoon() {}, probeAnew() {} }),
    probe: { rise: 2, fall: 2, intervalMs: 10_000, hangTimeMs: 4000 },
    ...{ drainTimeoutMs: 60_000, rememberMs: 0, memory: undefined },
    telemetry: listener({ problem: (what, error) => problems.push(`${what}: ${(error as Error).message}`) }),
    rememberSysctls() {},
    persisted: { what: 'persisting', format: () => '', save() {} },
    ...parts,
  });
  return { daemon: run(daemon), problems };
}

/** Names masters, and then nothing more. */
function source(name: (tell: (masters: readonly HostPort[]) => void) => Promise<void>): EndpointSource {
  return {
    freshness: { lastEventAt: undefined, server: undefined, lastProblem: undefined, connected: true },
    reconnect() {},
    run: async (tell, signal) => {
      await name(tell);
      await new Promise(resolve => signal.addEventListener('abort', resolve));
    },
  };
}

test('discovery that fails is told once and begun again, and the passes go on beside it', async () => {
  let attempts = 0;
  const { daemon, problems } = told({
    openSource: async () => {
      attempts += 1;
      if (attempts < 3) throw new Error('no credentials');
      return source(async tell => tell([parseHostPort('10.0.0.14:6443')]));
    },
  });
  await vi.waitFor(() =>
    expect(daemon.candidates.discovered().map(formatHostPort)).toEqual(['10.0.0.14:6443']),
  );
  expect(problems).toEqual(['discovery: no credentials']);
  expect(daemon.reconciler.record.passes).toBeGreaterThan(0);
});

test('a pass that throws is told once, and passes are made again', async () => {
  let asked = 0;
  const { daemon, problems } = told({
    mayPass: () => {
      asked += 1;
      if (asked < 3) throw new Error('EMFILE');
      return true;
    },
  });
  await vi.waitFor(() => expect(daemon.reconciler.record.passes).toBe(1));
  expect(problems).toEqual(['passes: EMFILE']);
});

test('addresses that can be no master are told once and ignored, however often discovery names them', async () => {
  const bad = ['10.99.0.1:6443', '0.0.0.0:6443', '127.0.0.1:6443', '224.0.0.1:6443', '10.0.0.2:1'];
  const named = [...MASTERS, ...bad].map(parseHostPort);
  let isTold = false;
  const { daemon, problems } = told({
    openSource: async () =>
      source(async tell => {
        for (const list of [named, named, bad.map(parseHostPort)]) tell(list);
        isTold = true;
      }),
  });
  await vi.waitUntil(() => isTold);
  expect(daemon.candidates.discovered().map(formatHostPort)).toEqual(MASTERS);
  expect(problems.toSorted()).toEqual(
    bad.toSorted().map(address => expect.stringMatching(`^discovery: ${address} is ignored: it is `)),
  );
});

test('of ten thousand addresses 32 are looked after, those that were known among them', async () => {
  const many = Array.from({ length: 10_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}:6443`);
  const { daemon } = told({
    openSource: async () => source(async tell => tell([...many, ...MASTERS].map(parseHostPort))),
  });
  await vi.waitFor(() => expect(daemon.candidates.discovered()).toHaveLength(32));
  expect(daemon.candidates.discovered().map(formatHostPort)).toEqual(expect.arrayContaining(MASTERS));
});

test('another scheduler than the persisted one is persisted, and so is what kernel parameters were before', async () => {
  const persistDir = tempDir();
  savePersisted(persistDir, aSpec());
  const flags = { vs: '10.99.0.1:6443', rs: MASTERS, scheduler: 'rr', 'persist-dir': persistDir };
  const { config } = loadDaemonConfig({ flags: { ...flags, discovery: 'static', probe: 'none', rise: '1' } });
  const log = createLogger(() => {}, { format: 'text' });
  const kernel = memoryKernel({ sysctls: { 'net.ipv4.vs.conntrack': '0' } });
  run(assembleDaemon(config, { kernel, sockets: NO_SOCKETS, telemetry: listener({}), log }));
  const file = (): string => readFileSync(join(persistDir, 'ipvsConfig.yaml'), 'utf8');
  await vi.waitFor(() => expect(file()).toContain('scheduler: rr\n'));
  expect(loadState(persistDir).sysctlsBefore).toEqual({ 'net.ipv4.vs.conntrack': '0' });
});
