// Do we see the host itself, or a container's picture of it?
import { statSync } from 'node:fs';

/** PROC_PID_INIT_INO of <linux/proc_ns.h>: the inode of the first pid namespace, the same on every host. */
const FIRST_PID_NAMESPACE = 0xeffffffcn;

/** False as well where it cannot be told: process 1 is that of the host, but its root may not be looked at. */
export function seesTheHost(proc = '/proc'): boolean {
  try {
    if (statSync(`${proc}/self/ns/pid`, { bigint: true }).ino !== FIRST_PID_NAMESPACE) return false;
    const [root, ours] = [`${proc}/1/root/`, '/'].map(path => statSync(path, { bigint: true }));
    return root?.dev === ours?.dev && root?.ino === ours?.ino;
  } catch {
    return false;
  }
}
