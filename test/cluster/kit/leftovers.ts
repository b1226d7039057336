// One cluster at a time for a checkout: who has it, and how everything of one that ended badly is removed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../lab/bounded.ts';
import { CLUSTER_CACHE } from './binaries.ts';
import { removeCpuLimits } from './cpu.ts';
import { namespaces, processesIn, removeLan } from './lan.ts';

const OWNER = join(CLUSTER_CACHE, 'owner');
export const SOCKET = join(CLUSTER_CACHE, 'control.sock');
const RUN = 'run-';
export const RUN_DIRECTORY = join(CLUSTER_CACHE, RUN);

/** Throws when a process that lives has one; removes what a dead one left. */
export async function takeOver(): Promise<void> {
  const owner = ownerOf();
  if (owner !== undefined)
    throw new Error(
      `A cluster of this checkout is up already, process ${owner}: scripts/cluster down ends it.`,
    );
  await sweep();
  mkdirSync(CLUSTER_CACHE, { recursive: true });
  writeFileSync(OWNER, identityOf(process.pid) ?? '');
}

/** The process that has the cluster, as long as it lives. */
export function ownerOf(): number | undefined {
  if (!existsSync(OWNER)) return undefined;
  const identity = readFileSync(OWNER, 'utf8');
  const pid = Number(identity.split(' ')[0]);
  return identityOf(pid) === identity ? pid : undefined;
}

/** Nothing is left of it: only what is in namespaces of this checkout is ended, and only its own files removed. */
export async function sweep(): Promise<void> {
  for (const pid of namespaces().flatMap(processesIn)) end(pid);
  await eventually('the namespaces are empty', async () => namespaces().flatMap(processesIn).length === 0);
  removeLan();
  removeCpuLimits();
  if (!existsSync(CLUSTER_CACHE)) return;
  for (const name of readdirSync(CLUSTER_CACHE))
    if (name.startsWith(RUN)) rmSync(join(CLUSTER_CACHE, name), { recursive: true });
  for (const path of [OWNER, SOCKET]) rmSync(path, { force: true });
}

/** A pid alone may be somebody else's by now: the time of its start (field 22 of proc(5) stat) tells. */
function identityOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {} // it ended by itself
}
