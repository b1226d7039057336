// A Machine that is this very host (LAB=host): the agent runs as a child process, scenarios in network namespaces of
// their own. For hosts whose kernel has ip_vs; there is no way back from a scenario that breaks the kernel.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hostTarget } from '../../scripts/packaging/targets.ts';
import { AgentMachine } from './agent-machine.ts';
import { bounded } from './bounded.ts';
import type { Machine } from './machine.ts';
import { CACHE, requireProgram } from './paths.ts';
import { stagePayload } from './payload.ts';

export async function useHost(files: Readonly<Record<string, string>> = {}): Promise<Machine> {
  if (process.getuid?.() !== 0) throw new Error('LAB=host needs root: it makes network namespaces.');
  requireProgram('ip', 'iproute2');
  requireProgram('nft', 'nftables');
  requireProgram('ipvsadm', 'ipvsadm');
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, `guest-${process.pid}-`));
  await stagePayload(directory, hostTarget().arch, files);
  const labDirectory = join(directory, 'lab');
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  const agent = spawn(process.execPath, [join(labDirectory, 'agent.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  });
  const ended = once(agent, 'exit');
  const machine = new AgentMachine(agent.stdout, agent.stdin, {
    disposable: false,
    node: process.execPath,
    labDirectory,
    binary: join(directory, 'bcs-apiserver-proxy'),
    consoleLog: () => '',
    close: async () => {
      agent.stdin.end(); // the agent kills what it started
      await bounded(ended, 5_000, 'end of the agent');
      rmSync(directory, { recursive: true, force: true });
    },
  });
  await bounded(machine.hello, 5_000, 'start of the agent');
  const probe = await machine.run(['modprobe', 'ip_vs']);
  const loaded = await machine.run(['ipvsadm', '-Ln']);
  if (loaded.code !== 0) {
    await machine.close();
    throw new Error(
      `LAB=host needs a kernel with ip_vs: ${probe.stderr}${loaded.stderr} Use LAB=qemu instead.`,
    );
  }
  return machine;
}
