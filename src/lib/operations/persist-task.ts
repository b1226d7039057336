// The task that keeps the set for the next boot.
import { isProxyError } from '../errors.ts';
import { formatHostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import { isPersisted, loadPersisted, persistedPath, savePersisted } from '../store/persisted-set.ts';
import type { OperationContext } from './context.ts';
import { TABLES } from './kernel-tasks.ts';
import { changes, type Task } from './task.ts';

export const PERSISTED = 'persisted set';

/** What the kernel refuses is not made to boot. */
export function persistTask({ persistDir, dryRun }: OperationContext, spec: ProxySpec): Task {
  return {
    title: PERSISTED,
    needs: [TABLES],
    run() {
      // Looked for before the file that names it is replaced.
      const orphan = otherVirtualServer(persistDir, spec);
      const written = dryRun ? !isPersisted(persistDir, spec) : savePersisted(persistDir, spec);
      const lines = written ? [`write ${persistedPath(persistDir)}`] : [];
      return changes(lines, orphan === undefined ? [] : [orphan]);
    },
  };
}

/** A virtual server of an earlier init with another VIP stays in the kernel: something may still use it. */
function otherVirtualServer(persistDir: string, spec: ProxySpec): string | undefined {
  const before = previousVirtualServer(persistDir);
  const now = formatHostPort(spec.virtualServer);
  if (before === undefined || before === now) return undefined;
  return `virtual server ${before} of an earlier init stays in the kernel; once nothing uses it: bcs-apiserver-proxy clean --vs ${before}`;
}

function previousVirtualServer(persistDir: string): string | undefined {
  try {
    const persisted = loadPersisted(persistDir);
    return persisted && formatHostPort(persisted.spec.virtualServer);
  } catch (error) {
    // It cannot be used and is about to be replaced; what it named is unknown.
    if (isProxyError(error)) return undefined;
    throw error;
  }
}
