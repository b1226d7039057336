// Kernel modules: which are needed, which are there, and loading the rest with modprobe(8).
import { existsSync } from 'node:fs';
import { ProxyError } from '../errors.ts';
import { exec } from './exec.ts';

/** modprobe answers in well under a second; a stuck disk at boot must not hold up the node for long. */
const MODPROBE_TIMEOUT_MS = 10_000;

/**
 * Without tcp_diag, idle connections to a dead master are not broken at once; without nf_conntrack_netlink that takes time
 * where IPVS has many connections. Everything else works.
 */
const OPTIONAL_MODULES = ['tcp_diag', 'nf_conntrack_netlink'];

export function neededModules(scheduler: string): string[] {
  return ['ip_vs', `ip_vs_${scheduler}`, ...OPTIONAL_MODULES];
}

/** Loaded now. Modules built into the kernel count as loaded where they show up in /sys/module. */
export function isModuleLoaded(name: string): boolean {
  return existsSync(`/sys/module/${name}`);
}

/** Throws a ProxyError that says what is missing; a missing optional module is only returned, as a warning. */
export async function loadModule(name: string): Promise<{ warning?: string }> {
  const { ok, problem } = await exec('modprobe', [name], MODPROBE_TIMEOUT_MS);
  if (ok) return {};
  if (OPTIONAL_MODULES.includes(name)) return { warning: `module ${name} cannot be loaded (${problem})` };
  throw new ProxyError('module-missing', `kernel module ${name} cannot be loaded: ${problem}`, {
    suggestions: [
      "install the package that carries the running kernel's modules: linux-image-$(uname -r) on Debian, linux-modules-extra-$(uname -r) on Ubuntu, kernel-modules-$(uname -r) on RHEL and its relatives",
      'in a container: load it on the host first, modules cannot be loaded from here',
    ],
  });
}

/** Contents of a modules-load.d(5) file. */
export function formatModulesFile(modules: readonly string[]): string {
  return `# Written by bcs-apiserver-proxy; "bcs-apiserver-proxy clean" removes it.\n${modules.join('\n')}\n`;
}
