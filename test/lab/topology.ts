// The commands that make and unmake a scenario's network: one namespace per host, all on one bridge that has a
// namespace of its own. Namespaces are called lab-NAME, so that leftovers are recognised and removed.
import { GATEWAY, ipv4, ipv6, linkLocal } from './addresses.ts';
import type { Machine } from './machine.ts';

export interface Seat {
  name: string;
  /** Host part of its addresses. */
  host: number;
}

export const netns = (name: string): string => `lab-${name}`;
const SWITCH = netns('switch');

// Few processes, because each costs some 40 ms under emulation: one `ip` for each namespace and its contents, one
// for all cables, and shell built-ins for the rest.

export async function buildTopology(machine: Machine, seats: Seat[], defaultRoute: boolean): Promise<void> {
  const cables = seats.flatMap(({ name }) => [
    `link add ${name} type veth peer name eth0 netns ${netns(name)}`,
    `link set ${name} master br0 up`,
  ]);
  const lines = [
    REMOVE_ALL, // those of a test that was killed
    ...[SWITCH, ...seats.map(({ name }) => netns(name))].map(name => `ip netns add ${name}`),
    ...batch(SWITCH, ['link add br0 type bridge', 'link set br0 up', ...cables]),
  ];
  for (const { name, host } of seats) {
    const gateway = defaultRoute && host !== GATEWAY;
    lines.push(
      ...batch(netns(name), [
        'link set lo up',
        `addr add ${ipv4(host)}/24 dev eth0`,
        `addr add ${ipv6(host)}/64 dev eth0 nodad`,
        // The kernel's own would appear a second or two later, after duplicate address detection.
        'link set eth0 addrgenmode none',
        `addr add ${linkLocal(host)}/64 dev eth0 nodad`,
        'link set eth0 up',
        ...(gateway ? [`route add default via ${ipv4(GATEWAY)}`, `route add ::/0 via ${ipv6(GATEWAY)}`] : []),
      ]),
    );
  }
  await machine.must(['bash', '-e'], { input: lines.join('\n') });
}

function batch(name: string, lines: string[]): string[] {
  return [`ip -n ${name} -batch - <<END`, ...lines, 'END'];
}

/** Kills what runs in the namespaces and removes them, with their IPVS tables. */
export async function removeTopology(machine: Machine): Promise<void> {
  await machine.must(['bash', '-e'], { input: REMOVE_ALL });
}

// -ef: the same inode, which is the same namespace. A process may end while it is looked at.
const REMOVE_ALL = `
  shopt -s nullglob
  for namespace in /run/netns/lab-*; do
    for process in /proc/[0-9]*; do
      if [[ $process/ns/net -ef $namespace ]]; then kill -KILL "\${process#/proc/}" || true; fi
    done
    ip netns delete "\${namespace##*/}"
  done`;

/** Takes the cable out of a host, or puts it back: its peers see silence, as after a power loss. */
export async function setCable(machine: Machine, name: string, state: 'up' | 'down'): Promise<void> {
  await machine.must(['ip', '-n', SWITCH, 'link', 'set', name, state]);
}

/** Drops this share of the packets that come in from the network; 0 stops it. */
export async function setPacketLoss(machine: Machine, name: string, percent: number): Promise<void> {
  const table = `table inet lab-loss {
    chain input {
      type filter hook input priority -400
      iifname "eth0" numgen random mod 100 <= ${percent - 1} drop
    }
  }`;
  // Declared before it is deleted, since deleting what is not there is an error.
  const rules = `table inet lab-loss\ndelete table inet lab-loss\n${percent === 0 ? '' : table}\n`;
  await machine.must(['nft', '-f', '-'], { netns: netns(name), input: rules });
}
