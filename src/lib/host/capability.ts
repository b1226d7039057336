// May this process change the network? Changing IPVS, routes and kernel parameters needs CAP_NET_ADMIN.
import { readFileSync } from 'node:fs';

/** CAP_NET_ADMIN of <linux/capability.h> */
const CAP_NET_ADMIN = 12n;

export function hasNetAdmin(): boolean {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  if (match?.[1] === undefined) throw new Error('/proc/self/status has no CapEff line');
  return ((BigInt(`0x${match[1]}`) >> CAP_NET_ADMIN) & 1n) === 1n;
}
