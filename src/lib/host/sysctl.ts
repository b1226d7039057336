// Kernel parameters under /proc/sys of this network namespace.
import { readFileSync, writeFileSync } from 'node:fs';
import { errnoCode, isENOENT, ProxyError } from '../errors.ts';
import type { SysctlTable } from '../reconcile/kernel.ts';

/**
 * What the virtual server needs (docs/kernel-facts.md): connections of a deleted real server are reset instead of
 * hanging, and a stateful host firewall recognises the replies.
 */
export const WANTED_SYSCTLS: ReadonlyMap<string, string> = new Map([
  ['net.ipv4.vs.conntrack', '1'],
  ['net.ipv4.vs.expire_nodest_conn', '1'],
]);

export const procSysctls: SysctlTable = {
  read(name) {
    try {
      return readFileSync(pathOf(name), 'utf8').trim();
    } catch (error) {
      if (isENOENT(error)) return undefined;
      throw error;
    }
  },
  write(name, value) {
    try {
      writeFileSync(pathOf(name), value);
    } catch (error) {
      const why =
        errnoCode(error) === 'EROFS'
          ? '/proc/sys is read-only here (an unprivileged container?)'
          : errnoCode(error);
      throw new ProxyError(
        'sysctl-not-writable',
        `kernel parameter ${name} cannot be set to ${value}: ${why}`,
        {
          suggestions: [
            `on the host: sysctl -w ${name}=${value}`,
            'or leave kernel parameters alone with --no-sysctl',
          ],
          cause: error,
        },
      );
    }
  },
};

/** Contents of a sysctl.d(5) file; "-" = no complaint from a kernel that lacks the parameter. */
export function formatSysctlFile(sysctls: ReadonlyMap<string, string>): string {
  const lines = [...sysctls].map(([name, value]) => `-${name} = ${value}`);
  return `# Written by bcs-apiserver-proxy; "bcs-apiserver-proxy clean" removes it.\n${lines.join('\n')}\n`;
}

function pathOf(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`;
}
