// A share of one core for a process of a host: a control group with a quota. Documentation/scheduler/sched-bwc.rst (version 1)
// and Documentation/admin-guide/cgroup-v2.rst (cpu.max) of the kernel.
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOurs, namespaceOf } from './lan.ts';

/** A hundredth of it is more than the kernel's least quota, a millisecond. */
const PERIOD_US = 250_000;

const VERSION_1 = '/sys/fs/cgroup/cpu';
const VERSION_2 = '/sys/fs/cgroup';

const isVersion1 = (): boolean => existsSync(VERSION_1);
const root = (): string => (isVersion1() ? VERSION_1 : VERSION_2);

/** The group stays until `removeCpuLimits`, as long as the process or longer. */
export function limitCpu(host: string, pid: number, percent: number | 'max'): void {
  const group = join(root(), namespaceOf(host));
  const quota = percent === 'max' ? percent : Math.round((percent * PERIOD_US) / 100);
  if (isVersion1()) {
    mkdirSync(group, { recursive: true });
    writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quota === 'max' ? -1 : quota));
  } else {
    writeFileSync(join(VERSION_2, 'cgroup.subtree_control'), '+cpu');
    mkdirSync(group, { recursive: true });
    writeFileSync(join(group, 'cpu.max'), `${quota} ${PERIOD_US}`);
  }
  writeFileSync(join(group, 'cgroup.procs'), String(pid));
}

/** Of hosts whose processes have ended. */
export function removeCpuLimits(): void {
  if (!existsSync(root())) return;
  for (const name of readdirSync(root())) if (isOurs(name)) rmdirSync(join(root(), name));
}
