// Network namespaces on this machine with a bridge between them: one for etcd, one for each master, and a tap device for the
// worker's guest. Nothing is in the machine's own namespace.
import { execFileSync } from 'node:child_process';
import { ETCD, masterAddress, PREFIX, VIP } from './addresses.ts';

export const LAN = 'cluster-lan';
export const TAP = 'worker';
export const namespaceOf = (host: string): string => `cluster-${host}`;

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

export function makeLan(masters: readonly number[]): void {
  removeLan();
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
  ip('-n', namespace, 'address', 'add', `${address}/${PREFIX}`, 'dev', 'eth0');
}

/** A host without its cable. */
export function setCable(host: string, plugged: boolean): void {
  ip('-n', LAN, 'link', 'set', host, plugged ? 'up' : 'down');
}

export function removeLan(): void {
  const found = ip('netns', 'list').matchAll(/^(cluster-\S+)/gm);
  for (const [, namespace = ''] of found) ip('netns', 'del', namespace);
}
