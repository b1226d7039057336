// What is left to do on a node after `init`, in the order of the guide, each step checked by what `status` sees. Pure.
import type { Problem } from '../lib/status/conditions.ts';
import type { StatusReport } from '../lib/status/verdict.ts';
import { printable } from '../lib/text.ts';

export interface NextStep {
  /** The code of the condition that it would end. */
  readonly code: string;
  readonly text: string;
  readonly command: string;
}

/** Code -> what to do about it, in order. What else status finds is not a step of setting up a node. */
const STEPS: Readonly<Record<string, (vip: string) => string>> = {
  'original-tool-still-running': () => 'stop the original program',
  'vip-not-in-certificate': vip => `add ${vip} to the certificates of the apiservers`,
  'kubelet-not-using-vip': vip => `point kubelet to https://${vip}`,
  'daemon-not-running': () => 'run the daemon on this node, or once for the cluster as a DaemonSet',
};

/** Those have a page with all of their steps. */
const EXPLAINED: ReadonlySet<string> = new Set(['vip-not-in-certificate', 'kubelet-not-using-vip']);

export function nextSteps({ problems }: Pick<StatusReport, 'problems'>, vip: string): NextStep[] {
  return Object.entries(STEPS).flatMap(([code, textOf]) => {
    const problem = problems.find(one => one.code === code);
    return problem === undefined ? [] : [{ code, text: textOf(vip), command: commandOf(problem) }];
  });
}

function commandOf({ code, remedy }: Problem): string {
  return EXPLAINED.has(code) ? `bcs-apiserver-proxy status --explain ${code}` : remedy;
}

export function formatNextSteps(steps: readonly NextStep[]): string {
  if (steps.length === 0) return '';
  const lines = steps.map(
    ({ text, command }, index) => `  ${index + 1}  ${text}:\n     ${printable(command)}\n`,
  );
  return `next:\n${lines.join('')}`;
}
