// The commands that make and unmake a scenario's network: one namespace per host, all on one bridge that has a
// namespace of its own. Namespaces are called lab-NAME, so that leftovers are recognised and removed.
import { GATEWAY, ipv4, ipv6 } from './addresses.ts';
import type { Machine } from './machine.ts';

export interface Seat {
  name: string;
  /** Host part of its addresses. */
  host: number;
}

export const netns = (name: string): string => `lab-${name}`;
const SWITCH = netns('switch');

export async function buildTopology(machine: Machine, seats: Seat[], defaultRoute: boolean): Promise<void> {
  await removeTopology(machine); // of a test that was killed
  const lines = [
    `ip netns add ${SWITCH}`,
    `ip -n ${SWITCH} link add br0 type bridge`,
    `ip -n ${SWITCH} link set br0 up`,
  ];
  for (const { name, host } of seats) {
    const gateway = defaultRoute && host !== GATEWAY;
    lines.push(
      `ip netns add ${netns(name)}`,
      `ip -n ${SWITCH} -batch - <<END`,
      `link add ${name} type veth peer name eth0 netns ${netns(name)}`,
      `link set ${name} master br0 up`,
      'END',
      `ip -n ${netns(name)} -batch - <<END`,
      'link set lo up',
      `addr add ${ipv4(host)}/24 dev eth0`,
      `addr add ${ipv6(host)}/64 dev eth0 nodad`,
      'link set eth0 up',
      ...(gateway ? [`route add default via ${ipv4(GATEWAY)}`, `route add ::/0 via ${ipv6(GATEWAY)}`] : []),
      'END',
    );
  }
  await machine.must(['bash', '-e'], { input: lines.join('\n') });
}

/** Kills what runs in the namespaces and removes them, with their IPVS tables. */
export async function removeTopology(machine: Machine): Promise<void> {
  const script = `
    for path in /run/netns/lab-*; do
      [[ -e $path ]] || continue
      name=\${path##*/}
      ip netns pids "$name" | xargs -r kill -KILL || true # one may just have ended
      ip netns delete "$name"
    done`;
  await machine.must(['bash', '-e'], { input: script });
}

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
