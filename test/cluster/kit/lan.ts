// Network namespaces on this machine with a bridge between them: one for etcd, one for each master, and a tap device for the
// worker's guest. Nothing is in the machine's own namespace.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { REPOSITORY } from '../../lab/paths.ts';
import { ETCD, masterAddress, PREFIX, VIP } from './addresses.ts';

/** Another checkout on the same machine has another: their clusters do not meet, and neither removes the other's. */
const OURS = `bap-${createHash('sha256').update(REPOSITORY).digest('hex').slice(0, 6)}-`;

export const isOurs = (name: string): boolean => name.startsWith(OURS);
export const namespaceOf = (host: string): string => `${OURS}${host}`;
export const LAN = namespaceOf('lan');
export const TAP = 'worker';

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

export function makeLan(masters: readonly number[]): void {
  ip('netns', 'add', LAN);
  ip('-n', LAN, 'link', 'add', 'lan', 'type', 'bridge');
  ip('-n', LAN, 'link', 'set', 'lan', 'up');
  ip('-n', LAN, 'tuntap', 'add', TAP, 'mode', 'tap');
  ip('-n', LAN, 'link', 'set', TAP, 'master', 'lan', 'up');
  join('etcd', ETCD);
  for (const number of masters) {
    const host = `m${number}`;
    join(host, masterAddress(number));
    // As on a master that runs bcs-apiserver-proxy: what uses the VIP there reaches an apiserver, here always its own.
    ip('-n', namespaceOf(host), 'address', 'add', `${VIP}/32`, 'dev', 'lo');
  }
}

function join(host: string, address: string): void {
  const namespace = namespaceOf(host);
  ip('netns', 'add', namespace);
  ip('-n', LAN, 'link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  ip('-n', LAN, 'link', 'set', host, 'master', 'lan', 'up');
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  addAddress(host, address);
}

function addAddress(host: string, address: string): void {
  ip('-n', namespaceOf(host), 'address', 'add', `${address}/${PREFIX}`, 'dev', 'eth0');
}

export function changeAddress(host: string, from: string, to: string): void {
  ip('-n', namespaceOf(host), 'address', 'del', `${from}/${PREFIX}`, 'dev', 'eth0');
  addAddress(host, to);
}

/** A host without its cable. */
export function setCable(host: string, plugged: boolean): void {
  ip('-n', LAN, 'link', 'set', host, plugged ? 'up' : 'down');
}

/** Those of this checkout, whoever made them. */
export function namespaces(): string[] {
  const listed = ip('netns', 'list').split('\n');
  return listed.map(line => line.split(' ')[0] ?? '').filter(isOurs);
}

export const processesIn = (namespace: string): number[] =>
  ip('netns', 'pids', namespace).split('\n').filter(Boolean).map(Number);

/** Bridge, cables and tap go with their namespaces. */
export function removeLan(): void {
  for (const namespace of namespaces()) ip('netns', 'del', namespace);
}
