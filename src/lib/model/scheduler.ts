// IPVS schedulers and their flags, by the names that ipvsadm and the kernel use.

export const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'mh',
  'fo',
  'ovf',
] as const;
export type Scheduler = (typeof SCHEDULERS)[number];

export const SCHEDULER_FLAGS = ['sh-fallback', 'sh-port', 'mh-fallback', 'mh-port'] as const;
export type SchedulerFlag = (typeof SCHEDULER_FLAGS)[number];

export const DEFAULT_SCHEDULER: Scheduler = 'sh';

export function isScheduler(name: string): name is Scheduler {
  return (SCHEDULERS as readonly string[]).includes(name);
}

export function isSchedulerFlag(name: string): name is SchedulerFlag {
  return (SCHEDULER_FLAGS as readonly string[]).includes(name);
}

/** The scheduler that a flag belongs to. */
export function schedulerOf(flag: SchedulerFlag): Scheduler {
  return flag.startsWith('sh-') ? 'sh' : 'mh';
}

/**
 * The flags to set: those asked for, and always the fallback of a hashing scheduler. Without it the bucket of a
 * drained destination (weight 0) refuses connections instead of going to another one.
 */
export function effectiveFlags(scheduler: string, asked: readonly SchedulerFlag[]): SchedulerFlag[] {
  const flags = new Set(asked);
  if (scheduler === 'sh') flags.add('sh-fallback');
  if (scheduler === 'mh') flags.add('mh-fallback');
  return [...flags].sort();
}
