// The task that forgets masters that are missing: somebody knows that they will not come back. A daemon follows the file.
import { ProxyError } from '../errors.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import { loadMemory, memoryPath, saveMemory } from '../store/memory.ts';
import { changes, type Task } from './task.ts';

/** Fails with ProxyError "not-missing" when one of them is not. */
export function forgetTask(
  persistDir: string,
  virtualServer: HostPort,
  masters: readonly HostPort[],
  dryRun: boolean,
): Task {
  return {
    title: 'masters that are missing',
    run() {
      const remembered = loadMemory(persistDir, virtualServer);
      const missing = remembered.filter(({ kind }) => kind === 'missing');
      const stranger = masters.find(one => !missing.some(other => equalHostPort(one, other)));
      if (stranger !== undefined) throw notMissing(stranger, missing, persistDir);
      const rest = remembered.filter(one => !masters.some(other => equalHostPort(one, other)));
      if (!dryRun) saveMemory(persistDir, virtualServer, rest);
      return changes(masters.map(master => `forget ${formatHostPort(master)}`));
    },
  };
}

function notMissing(master: HostPort, missing: readonly HostPort[], persistDir: string): ProxyError {
  const known = missing.length === 0 ? 'none is' : `those are ${missing.map(formatHostPort).join(', ')}`;
  return new ProxyError(
    'not-missing',
    `${formatHostPort(master)} is not among the masters that are missing (${memoryPath(persistDir)}): ${known}`,
    { suggestions: ['see which are: bcs-apiserver-proxy status'] },
  );
}
