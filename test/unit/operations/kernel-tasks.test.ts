// The tasks that change IPVS and routes, on a kernel in memory: in order, once, and not at all in a dry run.
import { describe, expect, test } from 'vitest';
import type { ProxySpec } from '../../../src/lib/model/spec.ts';
import type { OperationContext } from '../../../src/lib/operations/context.ts';
import { routeTask, sysctlTask, virtualServerTask } from '../../../src/lib/operations/kernel-tasks.ts';
import { persistTask } from '../../../src/lib/operations/persist-task.ts';
import { runTasks } from '../../../src/lib/operations/task.ts';
import { type MemoryKernel, memoryKernel } from '../../helpers/memory-kernel.ts';
import { aSpec } from '../../helpers/specs.ts';
import { contentsOf, tempDir } from '../../helpers/temp-dir.ts';

const SILENT = { started() {}, finished() {} };
const MASTERS = ['10.0.0.11', '10.0.0.12', '10.0.0.13'].map(address => ({ address, port: 6443 }));

const contextOf = (kernel: MemoryKernel, fields: Partial<OperationContext> = {}): OperationContext => ({
  kernel,
  sockets: { connectedTo: () => [], traffic: () => [], destroy: () => false },
  persistDir: '/nonexistent',
  dryRun: false,
  ...fields,
});

/** Virtual server and route; returns the sentences that were shown and the calls that the kernel saw. */
async function setUp(kernel: MemoryKernel, spec: ProxySpec, dryRun = false) {
  kernel.log.length = 0;
  const context = contextOf(kernel, { dryRun });
  const tasks = [virtualServerTask(context, spec), routeTask(context, spec)];
  const report = await runTasks(tasks, SILENT);
  return { said: report.tasks.flatMap(({ lines }) => lines), calls: [...kernel.log], report };
}

describe('virtual server, real servers and route', () => {
  test('from nothing', async () => {
    const { said, calls } = await setUp(memoryKernel(), aSpec());
    expect(said).toEqual([
      'add virtual server 10.99.0.1:6443, scheduler sh',
      'add real server 10.0.0.11:6443, weight 1',
      'add real server 10.0.0.12:6443, weight 1',
      'add real server 10.0.0.13:6443, weight 1',
      'add local route 10.99.0.1, source 10.0.0.2',
    ]);
    expect(calls).toEqual([
      'add 10.99.0.1:6443, sh',
      'add 10.0.0.11:6443 to 10.99.0.1:6443 (weight 1)',
      'add 10.0.0.12:6443 to 10.99.0.1:6443 (weight 1)',
      'add 10.0.0.13:6443 to 10.99.0.1:6443 (weight 1)',
      'route 10.99.0.1 from 10.0.0.2',
    ]);
  });

  test('a second time: unchanged, and the kernel is not touched', async () => {
    const kernel = memoryKernel();
    await setUp(kernel, aSpec());
    const { said, calls, report } = await setUp(kernel, aSpec());
    expect({ said, calls, changed: report.changed }).toEqual({ said: [], calls: [], changed: false });
  });

  test('a dry run says the same and does nothing', async () => {
    const kernel = memoryKernel();
    const dry = await setUp(kernel, aSpec(), true);
    expect(dry.calls).toEqual([]);
    expect(kernel.tables).toEqual({ services: [], routes: [] });
    expect(dry.said).toEqual((await setUp(kernel, aSpec())).said);
  });

  test('another set: the new master comes before the old one goes, the virtual server stays', async () => {
    const kernel = memoryKernel();
    await setUp(kernel, aSpec({ realServers: MASTERS.slice(0, 2) }));
    const { calls } = await setUp(kernel, aSpec({ realServers: MASTERS.slice(1), scheduler: 'rr' }));
    expect(calls).toEqual([
      'set 10.99.0.1:6443, rr',
      'add 10.0.0.13:6443 to 10.99.0.1:6443 (weight 1)',
      'delete 10.0.0.11:6443 of 10.99.0.1:6443',
    ]);
  });

  test('only adding: scheduler, weights and other real servers stay, and a virtual server is made where there is none', async () => {
    const kernel = memoryKernel();
    await setUp(kernel, aSpec({ realServers: MASTERS.slice(0, 2), scheduler: 'rr' }));
    const add = (spec: ProxySpec) => runTasks([virtualServerTask(contextOf(kernel), spec, true)], SILENT);
    kernel.log.length = 0;
    await add(aSpec({ realServers: MASTERS.slice(1) }));
    expect(kernel.log).toEqual(['add 10.0.0.13:6443 to 10.99.0.1:6443 (weight 1)']);
    await add(aSpec({ virtualServer: { address: '10.99.0.9', port: 6443 }, realServers: MASTERS.slice(2) }));
    expect(kernel.log.slice(1)).toEqual([
      'add 10.99.0.9:6443, sh',
      'add 10.0.0.13:6443 to 10.99.0.9:6443 (weight 1)',
    ]);
  });

  test("somebody else's virtual server stays as it is", async () => {
    const kernel = memoryKernel();
    await setUp(kernel, aSpec({ virtualServer: { address: '10.99.0.9', port: 6443 } }));
    const before = structuredClone(kernel.tables.services[0]);
    await setUp(kernel, aSpec());
    expect(kernel.tables.services[0]).toEqual(before);
  });

  test('the fallback of a hashing scheduler is set without being asked for', async () => {
    const kernel = memoryKernel();
    await setUp(kernel, aSpec({ schedulerFlags: ['sh-port'] }));
    expect(kernel.tables.services[0]?.service.flags).toBe(0x8 | 0x10);
  });
});

describe('the source of the route', () => {
  test.each<[string, Partial<ProxySpec>, string]>([
    ['as the kernel would choose it towards the masters', {}, 'route 10.99.0.1 from 10.0.0.2'],
    ['as it was asked for', { sourceIp: '10.0.0.7' }, 'route 10.99.0.1 from 10.0.0.7'],
    [
      'IPv6: as the kernel would choose it, too (the fake has one answer for both families)',
      {
        virtualServer: { address: 'fd99::1', port: 6443 },
        realServers: [{ address: 'fd00::11', port: 6443 }],
      },
      'route fd99::1 from 10.0.0.2',
    ],
  ])('%s', async (_, fields, call) => {
    const kernel = memoryKernel({ hostAddresses: ['10.0.0.2', '10.0.0.7'] });
    expect((await setUp(kernel, aSpec(fields))).calls.at(-1)).toBe(call);
  });

  test('no way to any master: one sentence, and what to do', async () => {
    const { report } = await setUp(memoryKernel({ source: undefined }), aSpec());
    expect(report.failures[0]).toMatchObject({
      code: 'no-source-address',
      message:
        'no real server can be reached by any route, so no source address can be chosen for the local route of the VIP',
      suggestions: ['bring the network up first', 'or name an address of this host: --source-ip IP'],
    });
  });
});

describe('while this host has no address', () => {
  /** It gets one after it was asked for so many times. */
  function addressLater(asked: number): MemoryKernel {
    const kernel = memoryKernel({ source: undefined });
    const { routes } = kernel;
    routes.sourceTowards = () => (asked-- > 0 ? undefined : '10.0.0.2');
    routes.isHostAddress = address => asked-- <= 0 && address === '10.0.0.7';
    return kernel;
  }

  async function route(kernel: MemoryKernel, timeoutMs: number, fields: Partial<ProxySpec> = {}) {
    const task = routeTask(contextOf(kernel), aSpec(fields), timeoutMs);
    const { tasks, failures } = await runTasks([task], SILENT);
    const [failure] = failures;
    return { lines: tasks.flatMap(({ lines }) => lines), calls: kernel.log, failure };
  }

  test.each<[string, Partial<ProxySpec>, string]>([
    ['towards the masters', {}, '10.0.0.2'],
    ['that was asked for', { sourceIp: '10.0.0.7' }, '10.0.0.7'],
  ])('the route waits for one %s', async (_, fields, source) => {
    const { calls, failure } = await route(addressLater(3), 60_000, fields);
    expect({ calls, failure }).toEqual({ calls: [`route 10.99.0.1 from ${source}`], failure: undefined });
  });

  test.each<[string, Partial<ProxySpec>, string]>([
    [
      'towards the masters',
      {},
      'no real server can be reached by any route, so no source address can be chosen for the local route of the VIP',
    ],
    [
      'that was asked for',
      { sourceIp: '10.0.0.7' },
      '10.0.0.7, which is to be the source of the local route of the VIP, is no address of this host',
    ],
  ])('none comes %s: one sentence when the time is over', async (_, fields, sentence) => {
    for (const timeoutMs of [0, 300]) {
      const { calls, failure } = await route(addressLater(Number.POSITIVE_INFINITY), timeoutMs, fields);
      expect(failure).toMatchObject({ code: 'no-source-address', message: sentence });
      expect(calls).toEqual([]);
    }
  });
});

describe('a step that fails', () => {
  test('what was done before it is said', async () => {
    const kernel = memoryKernel();
    const three = aSpec();
    await setUp(kernel, aSpec({ realServers: MASTERS.slice(0, 1) }));
    // Somebody else removes the virtual server between two of our steps.
    const { ipvs } = kernel;
    if (ipvs === undefined) throw new Error('the kernel in memory has IPVS');
    const add = ipvs.addDestination;
    ipvs.addDestination = (id, destination) => {
      add(id, destination);
      kernel.tables.services = [];
    };
    const { report } = await setUp(kernel, three);
    expect(report.tasks).toEqual([
      {
        title: 'virtual server and real servers',
        status: 'failed',
        lines: ['add real server 10.0.0.12:6443, weight 1', 'find 10.99.0.1:6443: ESRCH'],
        changed: true,
        done: ['add real server 10.0.0.12:6443, weight 1'],
      },
      { title: 'local route of the VIP', status: 'unchanged', lines: [], changed: false },
    ]);
  });

  test('each real server that the kernel refuses is told, and the others serve', async () => {
    const kernel = memoryKernel();
    const { ipvs } = kernel;
    if (ipvs === undefined) throw new Error('the kernel in memory has IPVS');
    const add = ipvs.addDestination;
    ipvs.addDestination = (id, destination) => {
      if (destination.address !== '10.0.0.12') throw new Error(`${destination.address}: EINVAL`);
      add(id, destination);
    };
    const { report } = await setUp(kernel, aSpec());
    expect(report.failures.map(String)).toEqual(['Error: 10.0.0.11: EINVAL', 'Error: 10.0.0.13: EINVAL']);
    expect(report.tasks.map(({ status }) => status)).toEqual(['failed', 'changed']);
    expect(kernel.tables.services[0]?.destinations.map(({ address }) => address)).toEqual(['10.0.0.12']);
  });

  test('a parameter that cannot be set keeps no virtual server from being made', async () => {
    const kernel = memoryKernel({ sysctls: { 'net.ipv4.vs.conntrack': '0' } });
    kernel.sysctls.write = name => {
      throw new Error(`${name}: EROFS`);
    };
    const context = contextOf(kernel, { persistDir: tempDir() });
    const tasks = [
      sysctlTask(context, aSpec()),
      virtualServerTask(context, aSpec()),
      routeTask(context, aSpec()),
    ];
    const report = await runTasks(tasks, SILENT);
    expect(report.failures.map(String)).toContain('Error: net.ipv4.vs.conntrack: EROFS');
    expect(report.tasks.map(({ status }) => status)).toEqual(['failed', 'changed', 'changed']);
    expect(kernel.tables.services).toHaveLength(1);
  });
});

describe('the persisted set', () => {
  test('is written once, and not by a dry run', async () => {
    const persistDir = tempDir();
    const persist = (dryRun: boolean) =>
      persistTask(contextOf(memoryKernel(), { persistDir, dryRun }), aSpec()).run();
    const written = { status: 'changed', lines: [`write ${persistDir}/ipvsConfig.yaml`], changed: true };
    expect(await persist(true)).toEqual(written);
    expect(contentsOf(persistDir)).toEqual({});
    expect(await persist(false)).toEqual(written);
    for (const dryRun of [true, false])
      expect(await persist(dryRun)).toEqual({ status: 'unchanged', lines: [], changed: false });
  });

  test('another VIP than before: the virtual server that stays behind is named, with how to remove it', async () => {
    const persistDir = tempDir();
    const context = contextOf(memoryKernel(), { persistDir });
    await persistTask(context, aSpec()).run();
    const moved = aSpec({ virtualServer: { address: '10.99.0.2', port: 6443 } });
    expect(await persistTask(context, moved).run()).toEqual({
      status: 'warning',
      lines: [`write ${persistDir}/ipvsConfig.yaml`],
      warnings: [
        'virtual server 10.99.0.1:6443 of an earlier init stays in the kernel; once nothing uses it: bcs-apiserver-proxy clean --vs 10.99.0.1:6443',
      ],
      changed: true,
    });
  });
});
