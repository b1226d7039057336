// `clean` takes away what is ours and of this virtual server, and nothing else; on a kernel in memory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanTasks, untilNone } from '../../../src/lib/operations/clean.ts';
import type { OperationContext } from '../../../src/lib/operations/context.ts';
import { runTasks, type Task } from '../../../src/lib/operations/task.ts';
import { savePersisted } from '../../../src/lib/store/persisted-set.ts';
import { loadState, rememberSysctls } from '../../../src/lib/store/state-file.ts';
import { type MemoryKernel, memoryKernel } from '../../helpers/memory-kernel.ts';
import { aSpec } from '../../helpers/specs.ts';
import { contentsOf, tempDir } from '../../helpers/temp-dir.ts';

const A = { address: '10.99.0.1', port: 6443 };
const B = { address: '10.99.0.2', port: 6443 };
const BOTH_SET = { 'net.ipv4.vs.conntrack': '1', 'net.ipv4.vs.expire_nodest_conn': '1' };

const FOREIGN = { 'kernel.core_pattern': 'core', 'kernel.randomize_va_space': '2' };

function scene(served: readonly (typeof A)[]) {
  const kernel = memoryKernel({ sysctls: { ...BOTH_SET, ...FOREIGN } });
  for (const each of served) {
    kernel.ipvs?.addService({ ...each, scheduler: 'sh', flags: 8, timeoutS: 0 });
    kernel.routes.replaceLocal({ destination: each.address, source: '10.0.0.2' });
  }
  kernel.log.length = 0;
  return { kernel, persistDir: tempDir() };
}

function tasksOf(
  { kernel, persistDir }: { kernel: MemoryKernel; persistDir: string },
  purge = false,
): Task[] {
  const sockets = { connectedTo: () => [], traffic: () => [], destroy: () => false };
  const context: OperationContext = { kernel, sockets, persistDir, dryRun: false };
  return cleanTasks(context, A, { purge });
}

/** Services and files are of the host that runs this; what is looked at is the kernel. */
async function run(tasks: readonly Task[]): Promise<string[]> {
  const titles = ['virtual server and route', 'kernel parameters', 'what is shared'];
  const report = await runTasks(
    tasks.filter(({ title }) => titles.includes(title)),
    { started() {}, finished() {} },
  );
  expect(report.failures).toEqual([]);
  return report.tasks.flatMap(({ lines, warnings = [] }) => [...lines, ...warnings]);
}

test('another virtual server boots here: only this one and its route go, whatever is asked for', async () => {
  const node = scene([A, B]);
  savePersisted(node.persistDir, aSpec({ virtualServer: B }));
  rememberSysctls(node.persistDir, { 'net.ipv4.vs.conntrack': '0' });
  const before = contentsOf(node.persistDir);
  const tasks = tasksOf(node, true);
  expect(tasks.map(({ title }) => title)).toEqual(['virtual server and route', 'what is shared']);
  expect(await run(tasks)).toEqual([
    'remove virtual server 10.99.0.1:6443 with its 0 real servers',
    'remove local route 10.99.0.1',
    'service, files and kernel parameters stay: they are there for virtual server 10.99.0.2:6443',
  ]);
  expect(node.kernel.tables.services.map(({ service }) => service.address)).toEqual([B.address]);
  expect(contentsOf(node.persistDir)).toEqual(before);
});

test('another virtual server of the same VIP keeps its route', async () => {
  const other = { ...A, port: 7443 };
  const node = scene([A, other]);
  savePersisted(node.persistDir, aSpec({ virtualServer: other }));
  await run(tasksOf(node));
  expect(node.kernel.tables.routes.map(({ destination }) => destination)).toContain(A.address);
  expect(node.kernel.tables.services.map(({ service }) => service.port)).toEqual([7443]);
});

test('the last one: what we changed is put back, and no other parameter that the state file names', async () => {
  const node = scene([A]);
  rememberSysctls(node.persistDir, {
    'net.ipv4.vs.conntrack': '0',
    'net.ipv4.vs.expire_nodest_conn': '|/bin/sh',
    'kernel.core_pattern': '|/tmp/evil',
    'kernel.randomize_va_space': '0',
  });
  const lines = await run(tasksOf(node));
  expect(lines).toContain('set net.ipv4.vs.conntrack = 0 (was 1)');
  expect(lines.filter(line => line.endsWith('is not ours: left alone'))).toHaveLength(3);
  for (const [name, value] of Object.entries(FOREIGN)) expect(node.kernel.sysctls.read(name)).toBe(value);
  expect(node.kernel.sysctls.read('net.ipv4.vs.expire_nodest_conn')).toBe('1');
});

test('others have virtual servers: their parameters stay', async () => {
  const node = scene([A, { address: '10.96.0.1', port: 443 }]);
  rememberSysctls(node.persistDir, { 'net.ipv4.vs.conntrack': '0' });
  expect(await run(tasksOf(node))).toContain(
    'net.ipv4.vs.conntrack: left as they are, for the virtual servers of others',
  );
  expect(node.kernel.sysctls.read('net.ipv4.vs.conntrack')).toBe('1');
});

test('a damaged state file does not keep the virtual server', async () => {
  const node = scene([A]);
  writeFileSync(join(node.persistDir, 'state.json'), '{"version":1,');
  expect((await run(tasksOf(node))).at(-1)).toMatch(
    /cannot be used: .*, so no kernel parameter is put back$/,
  );
  expect(node.kernel.tables).toEqual({ services: [], routes: [] });
});

test('a missing state file does not keep the virtual server either, and no parameter is guessed', async () => {
  const node = scene([A]);
  expect(await run(tasksOf(node))).toEqual([
    'remove virtual server 10.99.0.1:6443 with its 0 real servers',
    'remove local route 10.99.0.1',
  ]);
  expect(node.kernel.tables).toEqual({ services: [], routes: [] });
  expect(node.kernel.sysctls.read('net.ipv4.vs.conntrack')).toBe('1');
});

test('what others need stays, and what it was before stays known', async () => {
  const node = scene([A, B]);
  savePersisted(node.persistDir, aSpec({ virtualServer: A }));
  rememberSysctls(node.persistDir, { 'net.ipv4.vs.conntrack': '0' });
  const tasks = tasksOf(node);
  await run(tasks);
  const files = tasks.find(({ title }) => title === 'files');
  expect((await files?.run())?.lines).not.toContainEqual(expect.stringContaining('state.json'));
  expect(loadState(node.persistDir).sysctlsBefore).toEqual({ 'net.ipv4.vs.conntrack': '0' });
});

test('a pod whose manifest is gone is waited for, as long as it may take and no longer', async () => {
  const left = ['pod', 'pod'];
  await untilNone(() => left.splice(0, 1), 60_000);
  expect(left).toEqual([]);
  const begin = performance.now();
  await untilNone(() => ['stays'], 300);
  expect(performance.now() - begin).toBeGreaterThan(290);
});
