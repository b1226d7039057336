// Passes of the daemon on a kernel in memory: what is repaired, what is broken, what is told, and when.
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { ConnectionBreaker } from '../../../src/lib/daemon/breaker.ts';
import { Candidates } from '../../../src/lib/daemon/candidates.ts';
import { Reconciler } from '../../../src/lib/daemon/reconciler.ts';
import type { Evidence } from '../../../src/lib/health/evidence.ts';
import type { Pin } from '../../../src/lib/ipvs/connections.ts';
import { formatHostPort, type HostPort } from '../../../src/lib/model/address.ts';
import type { ProxySpec } from '../../../src/lib/model/spec.ts';
import type { SocketId } from '../../../src/lib/sockets/client.ts';
import { listener } from '../../../src/lib/telemetry.ts';
import { type MemoryKernelOptions, memoryKernel } from '../../helpers/memory-kernel.ts';
import { VIRTUAL_SERVER } from '../../helpers/plan-builders.ts';

const M1: HostPort = { address: '10.0.0.11', port: 6443 };
const M2: HostPort = { address: '10.0.0.12', port: 6443 };
const READY: Evidence = { kind: 'ready', latencyMs: 1 };
const REFUSED: Evidence = { kind: 'refused', reason: 'econnrefused' };
/** Its host does not answer; it takes two. */
const silent = (): Evidence => ({ kind: 'host-silent', reason: 'etimedout', since: performance.now() });
const CLIENT: HostPort = { address: '10.0.0.2', port: 40_000 };

/** The table of IPVS: the client is served by M2. */
const SERVED_BY_M2: ReadonlyMap<string, Pin> = new Map([[formatHostPort(CLIENT), M2]]);

const SPEC: ProxySpec = {
  virtualServer: VIRTUAL_SERVER,
  realServers: [M1, M2],
  scheduler: 'sh',
  schedulerFlags: [],
  route: true,
};

interface Scene {
  readonly kernel: ReturnType<typeof memoryKernel>;
  readonly reconciler: Reconciler;
  readonly candidates: Candidates;
  /** What was told, one line each. */
  readonly told: string[];
  /** The next probe of a real server has this outcome. */
  probe(realServer: HostPort, ...evidence: Evidence[]): void;
  readonly destroyed: Promise<HostPort>;
}

function scene(options: MemoryKernelOptions = {}, table = () => SERVED_BY_M2): Scene {
  const kernel = memoryKernel({
    sysctls: { 'net.ipv4.vs.conntrack': '1', 'net.ipv4.vs.expire_nodest_conn': '1' },
    ...options,
  });
  const told: string[] = [];
  const telemetry = listener({
    repaired: ({ kind }) => told.push(`repaired ${kind}`),
    stepFailed: ({ kind }) => told.push(`failed ${kind}`),
    problem: what => told.push(`problem ${what}`),
    held: holding => told.push(holding ? 'held' : 'no longer held'),
    forgotten: ({ address }) => told.push(`forgotten ${address}`),
    connectionsReset: count => told.push(`broke ${count}`),
    passFinished: (_ms, ok) => ok || told.push('pass failed'),
  });
  const hear = new Map<string, (evidence: Evidence) => void>();
  const startProbe = (target: HostPort, _next: unknown, onEvidence: (evidence: Evidence) => void) => {
    hear.set(target.address, onEvidence);
    return { start() {}, stop() {}, probeSoon() {}, probeAnew() {} };
  };
  const candidates = new Candidates({
    ...{ startProbe, telemetry, clock: systemClock, intervalMs: 10_000 },
    ...{ drainTimeoutMs: 0, rememberMs: 0 },
    thresholds: { rise: 2, fall: 2 },
    onChange() {},
  });
  const { promise: destroyed, resolve } = Promise.withResolvers<HostPort>();
  const sockets = {
    connectedTo: () => [{ local: CLIENT, cookie: Buffer.alloc(8) }],
    traffic: () => [],
    destroy: ({ local }: SocketId): boolean => {
      resolve(local);
      return true;
    },
  };
  const pins = { tracked: () => undefined, inTable: async () => table() };
  const breaker = new ConnectionBreaker({ sockets, pins }, telemetry);
  const reconciler = new Reconciler({
    kernel,
    spec: SPEC,
    candidates,
    breaker,
    telemetry,
    drainTimeoutMs: 60_000,
    hangTimeMs: 4000,
    clock: systemClock,
    passIn() {},
    rememberSysctls: before => told.push(`remembered ${Object.keys(before)}`),
  });
  const probe = ({ address }: HostPort, ...list: Evidence[]): void => {
    for (const evidence of list) hear.get(address)?.(evidence);
  };
  return { kernel, reconciler, candidates, told, probe, destroyed };
}

/** Both masters serve. */
function serving(...args: Parameters<typeof scene>): Scene {
  const built = scene(...args);
  built.candidates.begin([M1, M2]);
  built.reconciler.pass();
  for (const realServer of [M1, M2]) built.probe(realServer, READY, READY);
  built.reconciler.pass();
  built.kernel.log.length = 0;
  built.told.length = 0;
  return built;
}

/** Its host falls silent, and another answers. */
function lose({ probe }: Scene, lost: HostPort, witness: HostPort): void {
  probe(lost, silent(), silent());
  probe(witness, READY);
}

const addresses = ({ kernel }: Scene): string[] =>
  kernel.tables.services.flatMap(({ destinations }) => destinations.map(({ address }) => address)).sort();

test('at the start everybody serves, before any probe has answered', () => {
  const start = scene();
  start.candidates.begin([M1, M2]);
  start.reconciler.pass();
  expect(addresses(start)).toEqual([M1.address, M2.address]);
});

test('nothing is touched while no real server is known', () => {
  const start = scene();
  start.reconciler.pass();
  expect(start.kernel.log).toEqual([]);
});

test('a pass that finds nothing to do does nothing', () => {
  const quiet = serving();
  quiet.reconciler.pass();
  expect(quiet.kernel.log).toEqual([]);
  expect(quiet.told).toEqual([]);
});

describe('repairs', () => {
  test('what somebody else emptied is made again, and told as a repair', () => {
    const emptied = serving();
    emptied.kernel.tables.services.length = 0;
    emptied.kernel.tables.routes.length = 0;
    emptied.reconciler.pass();
    expect(addresses(emptied)).toEqual([M1.address, M2.address]);
    expect(emptied.told).toEqual([
      'repaired add-virtual-server',
      'repaired add-real-server',
      'repaired add-real-server',
      'repaired replace-route',
    ]);
  });

  test('what follows from a decision is no repair', () => {
    const lost = serving();
    lose(lost, M1, M2);
    lost.reconciler.pass();
    expect(addresses(lost)).toEqual([M2.address]);
    expect(lost.told).toEqual([]);
  });
});

describe('everything dead', () => {
  test('is held, and told once', () => {
    const dead = serving();
    for (const realServer of [M1, M2]) dead.probe(realServer, REFUSED);
    dead.reconciler.pass();
    dead.reconciler.pass();
    expect(addresses(dead)).toEqual([M1.address, M2.address]);
    expect(dead.told).toEqual(['held']);
  });

  test('ends with the first good answer', () => {
    const dead = serving();
    for (const realServer of [M1, M2]) dead.probe(realServer, REFUSED);
    dead.reconciler.pass();
    dead.probe(M2, READY);
    dead.reconciler.pass();
    expect(addresses(dead), 'the other has to be found dead anew').toEqual([M1.address, M2.address]);
    expect(dead.told).toEqual(['held', 'no longer held']);
  });
});

describe('failures', () => {
  /** A third master is to come in, and M1 is lost. */
  function replacing(): Scene & { ipvs: NonNullable<Scene['kernel']['ipvs']> } {
    const M3 = { address: '10.0.0.13', port: 6443 };
    const scene = serving();
    scene.candidates.setDiscovered([M1, M2, M3]);
    scene.probe(M3, READY, READY);
    lose(scene, M1, M2);
    const { ipvs } = scene.kernel;
    if (ipvs === undefined) throw new Error('the kernel in memory has IPVS');
    return { ...scene, ipvs };
  }

  test('a real server that cannot be added holds back removals, and is told once', () => {
    const failing = replacing();
    failing.ipvs.addDestination = () => {
      throw new Error('no');
    };
    failing.reconciler.pass();
    failing.reconciler.pass();
    expect(addresses(failing), 'the dead one stays until the new one is in').toEqual([
      M1.address,
      M2.address,
    ]);
    expect(failing.told).toEqual(['failed add-real-server', 'pass failed', 'pass failed']);
  });

  test('a scheduler that the kernel does not have holds back nothing: the dead one goes', () => {
    const failing = replacing();
    const [entry] = failing.kernel.tables.services;
    if (entry !== undefined) entry.service = { ...entry.service, scheduler: 'rr' };
    failing.ipvs.updateService = () => {
      throw new Error('no such scheduler');
    };
    failing.reconciler.pass();
    expect(addresses(failing)).toEqual([M2.address, '10.0.0.13']);
    expect(failing.told).toEqual(['failed update-virtual-server', 'pass failed']);
  });

  test('a removal that fails is told when it begins, however many connections are counted meanwhile', () => {
    const failing = replacing();
    failing.ipvs.deleteDestination = () => {
      throw new Error('busy');
    };
    for (const activeConnections of [1, 2, 3]) {
      const [entry] = failing.kernel.tables.services;
      if (entry !== undefined)
        entry.destinations = entry.destinations.map(one => ({ ...one, activeConnections }));
      failing.reconciler.pass();
    }
    expect(failing.told.filter(line => line.startsWith('failed'))).toEqual(['failed remove-real-server']);
  });

  test('a kernel parameter that cannot be set makes no pass fail', () => {
    const container = scene({ sysctls: { 'net.ipv4.vs.conntrack': '0' } });
    container.kernel.sysctls.write = () => {
      throw new Error('read-only');
    };
    container.candidates.begin([M1]);
    container.reconciler.pass();
    container.reconciler.pass();
    expect(container.told).toEqual([
      'remembered net.ipv4.vs.conntrack',
      'failed set-sysctl',
      'remembered net.ipv4.vs.conntrack',
    ]);
  });

  test('a kernel that does not answer is told once, and the next pass looks again', () => {
    const silent = serving();
    const lookup = silent.kernel.routes.lookup;
    silent.kernel.routes.lookup = () => {
      throw new Error('silence');
    };
    silent.reconciler.pass();
    silent.reconciler.pass();
    silent.kernel.routes.lookup = lookup;
    silent.reconciler.pass();
    expect(silent.told).toEqual(['problem looking at the kernel', 'pass failed', 'pass failed']);
  });
});

describe('connections that no real server serves', () => {
  test('are broken when their real server was removed', async () => {
    const lost = serving();
    lose(lost, M2, M1);
    lost.reconciler.pass();
    expect(await lost.destroyed).toEqual(CLIENT);
    await vi.waitFor(() => expect(lost.told).toEqual(['broke 1']));
  });

  test('are broken when somebody else emptied the table, which the kernel then forgot them with', async () => {
    let known = SERVED_BY_M2;
    const emptied = serving({}, () => known);
    emptied.kernel.tables.services.length = 0;
    known = new Map();
    emptied.reconciler.pass();
    expect(await emptied.destroyed).toEqual(CLIENT);
  });

  test('are looked for after the start, for what happened before', async () => {
    const start = scene({}, () => new Map());
    start.candidates.begin([M1]);
    start.reconciler.pass();
    expect(await start.destroyed).toEqual(CLIENT);
  });

  test('a table that cannot be read is told, and the dead master is out', async () => {
    const { promise: told, resolve } = Promise.withResolvers<void>();
    const lost = serving({}, () => {
      resolve();
      throw new Error('EIO');
    });
    lose(lost, M1, M2);
    lost.reconciler.pass();
    expect(addresses(lost)).toEqual([M2.address]);
    await told;
    await vi.waitFor(() => expect(lost.told).toEqual(['problem breaking connections to 10.99.0.1:6443']));
  });
});

test('a master that left discovery is drained, then forgotten', () => {
  const left = serving();
  left.candidates.setDiscovered([M2]);
  left.reconciler.pass();
  expect(left.kernel.log).toEqual(['set 10.0.0.11:6443 of 10.99.0.1:6443 (weight 0)']);
  lose(left, M1, M2);
  left.reconciler.pass();
  expect(left.told).toEqual(['forgotten 10.0.0.11']);
});

test('an empty answer of discovery changes nothing', () => {
  const lied = serving();
  lied.candidates.setDiscovered([]);
  lied.reconciler.pass();
  expect(lied.kernel.log).toEqual([]);
});

test('the route gets another source when the old one is no address of this host any more', () => {
  const moved = serving({ hostAddresses: ['10.0.0.2'] });
  moved.kernel.routes.replaceLocal({ destination: VIRTUAL_SERVER.address, source: '10.0.0.99' });
  moved.kernel.log.length = 0;
  moved.reconciler.pass();
  expect(moved.kernel.log).toEqual(['route 10.99.0.1 from 10.0.0.2']);
});

test('at boot, before this host has an address: the tables are made, and the route when there is one', () => {
  const booting = scene({ source: undefined, hostAddresses: ['127.0.0.1'] });
  booting.candidates.begin([M1, M2]);
  booting.reconciler.pass();
  expect(addresses(booting)).toEqual([M1.address, M2.address]);
  expect(booting.kernel.tables.routes).toEqual([]);
  booting.kernel.routes.sourceTowards = () => '10.0.0.2';
  booting.reconciler.pass();
  expect(booting.kernel.log.at(-1)).toBe('route 10.99.0.1 from 10.0.0.2');
  expect(booting.told).toEqual([]);
});
