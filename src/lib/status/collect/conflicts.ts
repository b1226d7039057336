// Does the VIP belong to somebody already: to this host, or to a network that it is on? Pure.
import type { NetworkInterfaceInfo } from 'node:os';
import { isInNetwork, networkOf } from '../../model/address.ts';
import type { VipConflicts } from '../report.ts';

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * `hostAddresses`: all of this host. `interfaces`: os.networkInterfaces(), which has the devices that are up; a network
 * of a device that is down is no network that the VIP would be routed to. Single addresses are no networks.
 */
export function collectConflicts(
  vip: string | undefined,
  hostAddresses: readonly string[],
  interfaces: Interfaces,
): VipConflicts {
  if (vip === undefined) return { isHostAddress: false, onLinkNetwork: undefined };
  const networks = Object.entries(interfaces).flatMap(([device, infos = []]) =>
    infos.map(({ cidr, address }) => ({ device, cidr, address })),
  );
  const around = networks.find(
    ({ cidr, address }) => cidr !== null && address !== vip && isInNetwork(vip, cidr),
  );
  return {
    isHostAddress: hostAddresses.includes(vip),
    onLinkNetwork: around && `${networkOf(around.cidr ?? '')} dev ${around.device}`,
  };
}
