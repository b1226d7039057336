// Where a process accepts TCP connections, as the kernel has it: no flag and no file says it as surely.
// /proc/PID/net/tcp (Documentation/networking/proc_net_tcp.rst) has addresses in hexadecimal, each group of four bytes in
// the byte order of the host, which is little-endian on all that we run on.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
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

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

/** Somebody in our network namespace accepts connections on this port, on whatever address. */
export function isListening(port: number, directory = '/proc/self'): boolean {
  return tablesOf(directory).some(table =>
    parseListening(readHead(table)).some(listener => listener.port === port),
  );
}

/** Without IPv6 in the kernel there is no table for it. */
function tablesOf(directory: string): string[] {
  return ['tcp', 'tcp6'].map(table => `${directory}/net/${table}`).filter(table => existsSync(table));
}

/**
 * The kernel lists listening sockets first (tcp_get_idx in net/ipv4/tcp_ipv4.c), so that the rest, thousands of
 * connections on a busy node, need not be read.
 */
function readHead(table: string): string {
  const fd = openSync(table, 'r');
  try {
    let head = '';
    for (;;) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const bytes = readSync(fd, chunk);
      head += chunk.toString('latin1', 0, bytes);
      if (bytes === 0 || stateOf(head.split('\n').at(-2) ?? '') !== LISTENING) return head;
    }
  } finally {
    closeSync(fd);
  }
}

/** A page, which is what the kernel prints at a time. */
const CHUNK_BYTES = 4096;

/** TCP_LISTEN of <net/tcp_states.h> */
const LISTENING = '0A';

function stateOf(line: string): string | undefined {
  return line.trim().split(/\s+/)[3];
}

export function parseListening(table: string): (Listener & { inode: string })[] {
  return table.split('\n').flatMap(line => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTENING || !/^([0-9A-F]{8}){1,4}$/.test(address)) return [];
    const bytes = Buffer.from(address, 'hex').swap32();
    return [{ bytes, port: Number.parseInt(port, 16), inode }];
  });
}
