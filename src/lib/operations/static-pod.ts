// The daemon as a static pod: its manifest in the directory in which kubelet looks for them. kubelet passes over names that
// begin with a dot, as those of our temporary files do, and so never meets half a manifest.
import { existsSync } from 'node:fs';
import { ProxyError } from '../errors.ts';
import { STATIC_POD_DIRECTORY, STATIC_POD_FILE } from '../host/paths.ts';
import { readFileIfThere, removeFile, requireWritable, writeFileAtomic } from '../store/atomic-file.ts';
import { type Action, perform } from './action.ts';
import { changes, type Task } from './task.ts';

export interface StaticPodManifest {
  /** Of the file. */
  readonly text: string;
  /** A file without which kubelet does not start the pod. */
  readonly kubeconfig: string | undefined;
}

/** Throws what installing would fail with, as far as that can be known beforehand. */
export function checkStaticPod({ text }: StaticPodManifest): void {
  if (!existsSync(STATIC_POD_DIRECTORY)) {
    throw new ProxyError(
      'no-static-pods',
      `${STATIC_POD_DIRECTORY} does not exist: kubelet of this node is not set up by kubeadm, and would not find the pod`,
      {
        suggestions: [
          'where kubelet reads another directory (staticPodPath of its configuration): --print, into a file there',
          'or run the daemon as a service of the host: --role daemon',
        ],
      },
    );
  }
  if (readFileIfThere(STATIC_POD_FILE) !== text) requireWritable(STATIC_POD_FILE);
}

/** `warnings`: what else is to be said, one sentence each. */
export function staticPodTask(
  { text, kubeconfig }: StaticPodManifest,
  { dryRun, warnings }: { readonly dryRun: boolean; readonly warnings: readonly string[] },
): Task {
  return {
    title: 'static pod',
    async run() {
      const isWritten = readFileIfThere(STATIC_POD_FILE) === text;
      const lines = await perform(isWritten ? [] : [installation(text)], dryRun);
      const waits = kubeconfig !== undefined && !existsSync(kubeconfig);
      return changes(lines, waits ? [...warnings, waitsFor(kubeconfig)] : warnings);
    },
  };
}

/** Only kubelet and root have a use for it. */
const MODE = 0o600;

function installation(text: string): Action {
  return { line: `write ${STATIC_POD_FILE}`, run: () => writeFileAtomic(STATIC_POD_FILE, text, MODE) };
}

function waitsFor(kubeconfig: string): string {
  return `${kubeconfig} does not exist yet: kubelet starts the pod when it does`;
}

/** kubelet ends the pod when it misses the file. */
export function staticPodRemoval(): Action[] {
  if (!staticPodIsThere()) return [];
  return [{ line: `remove ${STATIC_POD_FILE}`, run: () => removeFile(STATIC_POD_FILE) }];
}

export function staticPodIsThere(): boolean {
  return existsSync(STATIC_POD_FILE);
}
