// Where a process accepts TCP connections, as the kernel has it: no flag and no file says it as surely.
// /proc/PID/net/tcp (Documentation/networking/proc_net_tcp.rst) has addresses in hexadecimal, each group of four bytes in
// the byte order of the host, which is little-endian on all that we run on.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { HostProcess } from './processes.ts';

export interface Listener {
  /** 4 or 16 bytes, network byte order. */
  readonly bytes: Uint8Array;
  readonly port: number;
}

/** Undefined when it may not be seen (another user's process, without root) or the process is gone. */
export function listenersOf({ directory }: HostProcess): Listener[] | undefined {
  try {
    const sockets = new Set(readdirSync(`${directory}/fd`).map(fd => linkOf(`${directory}/fd/${fd}`)));
    return tablesOf(directory)
      .flatMap(table => parseListening(readFileSync(table, 'utf8')))
      .filter(({ inode }) => sockets.has(`socket:[${inode}]`));
  } catch {
    return undefined;
  }
}

/** Somebody in this network namespace accepts connections at this port. */
export function isListening(port: number): boolean {
  return tablesOf('/proc/self')
    .flatMap(table => parseListening(readFileSync(table, 'utf8')))
    .some(listener => listener.port === port);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

/** Without IPv6 in the kernel there is no table for it. */
function tablesOf(directory: string): string[] {
  return ['tcp', 'tcp6'].map(table => `${directory}/net/${table}`).filter(table => existsSync(table));
}

/** TCP_LISTEN of <net/tcp_states.h> */
const LISTENING = '0A';

export function parseListening(table: string): (Listener & { inode: string })[] {
  return table.split('\n').flatMap(line => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTENING || !/^([0-9A-F]{8}){1,4}$/.test(address)) return [];
    const bytes = Buffer.from(address, 'hex').swap32();
    return [{ bytes, port: Number.parseInt(port, 16), inode }];
  });
}
