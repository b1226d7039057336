// What a condition is: one thing that can be wrong on a node, declared as data, and how findings become problems.
import type { Facts } from './report.ts';

/**
 * unknown = it cannot be told whether the node works; notice = worth knowing, and no fault: the verdict stays healthy.
 */
export type Severity = 'down' | 'unknown' | 'degraded' | 'notice';

/** Worst first. */
export const SEVERITIES: readonly Severity[] = ['down', 'unknown', 'degraded', 'notice'];

export interface Condition {
  /** lower-kebab-case; also the anchor in docs/troubleshooting.md. */
  readonly code: string;
  /** What holds on a sound node, in a few words: "the virtual server is in the kernel". */
  readonly title: string;
  readonly severity: Severity;
  /** Causes: while one of them holds, it is shown instead, and is as severe as what follows from it. */
  readonly dependsOn: readonly string[];
  /**
   * Seconds for which it must have held before it is shown, where that is known. A single look has no memory: what is
   * not known to be young is shown at once.
   */
  readonly visibleAfterS: number;
  /** One finding for each thing that is wrong; none = all is well; unseen = what it judges could not be seen. */
  readonly detect: (facts: Facts) => readonly Finding[] | Unseen;
  /** What to type: the fix, or where only a look can tell what that is, the look. */
  readonly remedy: (facts: Facts, finding: Finding) => Remedy;
  /** All findings in one clause for the first line, where the text of the first one says too little. */
  readonly headline?: (facts: Facts, findings: readonly Finding[]) => string;
}

/** A command that puts it right, or one that changes nothing and shows what is behind it. */
export type Remedy = string | { readonly look: string };

export function look(command: string): Remedy {
  return { look: command };
}

export interface Finding {
  /** One sentence without a full stop. It has no age in it, so that it is the same a second later. */
  readonly text: string;
  /** What it is about, where the remedy names it: "10.0.0.11:6443". */
  readonly about?: string;
  /** Where this one is more or less severe than the condition usually is. */
  readonly severity?: Severity;
  /** Seconds for which it has held. */
  readonly forS?: number | undefined;
}

export interface Unseen {
  readonly seen: false;
  readonly why: string;
}

export const NO_FINDINGS: readonly Finding[] = [];

/** A finding with this text if it holds. */
export function findingIf(holds: boolean, text: () => string): readonly Finding[] {
  return holds ? [{ text: text() }] : NO_FINDINGS;
}

/** Nothing to judge is not the same as nothing wrong. */
export const NO_VIP: Unseen = { seen: false, why: 'no virtual server is known' };
export const NO_PERSISTED_SET: Unseen = { seen: false, why: 'there is no persisted set' };
const NOT_IN_KERNEL: Unseen = { seen: false, why: 'the virtual server is not in the kernel' };

const WHY_NO_KERNEL = { 'not-permitted': 'reading IPVS needs root', 'no-ipvs': 'the kernel has no IPVS' };

/** For conditions about the virtual server: unseen kernel, or what to make of it. */
export function ofKernel(
  { kernel }: Facts,
  judge: (
    virtualServer: NonNullable<Extract<Facts['kernel'], { seen: true }>['value']>,
  ) => readonly Finding[],
): readonly Finding[] | Unseen {
  if (!kernel.seen) return { seen: false, why: WHY_NO_KERNEL[kernel.why] };
  return kernel.value === undefined ? NOT_IN_KERNEL : judge(kernel.value);
}
