// What can be wrong with the local route of the VIP. Pure.
import { familyOf } from '../../model/address.ts';
import { type Condition, findingIf, NO_VIP, type Unseen } from '../condition.ts';
import { restoreOrInit } from '../remedies.ts';
import type { RouteFacts } from '../report.ts';
import { NO_VIRTUAL_SERVER } from './kernel.ts';

export const ROUTE: readonly Condition[] = [
  {
    code: 'route-missing',
    title: 'the VIP has its local route',
    severity: 'down',
    dependsOn: NO_VIRTUAL_SERVER,
    visibleAfterS: 0,
    detect: ({ route, virtualServer, persisted }) => {
      if (virtualServer === undefined) return NO_VIP;
      return findingIf(
        route === undefined && persisted.spec?.route !== false,
        () =>
          `the local route of ${virtualServer.address} is missing, so connections to it may leave the host or time out`,
      );
    },
    remedy: restoreOrInit,
  },
  {
    code: 'local-table-not-first',
    title: 'no policy rule leads past the local route',
    severity: 'down',
    dependsOn: ['route-missing'],
    visibleAfterS: 0,
    detect: ({ route, virtualServer }) => {
      if (route === undefined || virtualServer === undefined) return NO_ROUTE;
      return findingIf(
        route.hidden,
        () =>
          `a policy rule before that of table local leads connections to ${virtualServer.address} elsewhere, so its local route is never looked at`,
      );
    },
    remedy: ({ virtualServer }) =>
      `ip ${familyOf(virtualServer?.address ?? '') === 'ipv6' ? '-6 ' : ''}rule add pref 0 lookup local`,
  },
  {
    code: 'source-address-is-vip',
    title: 'connections do not come from the VIP itself',
    severity: 'down',
    dependsOn: ['route-missing'],
    visibleAfterS: 0,
    detect: ({ route, virtualServer }) => {
      if (route === undefined || virtualServer === undefined) return NO_ROUTE;
      return findingIf(isSourceVip(route, virtualServer.address), () =>
        route.source === undefined
          ? 'the local route has no source, so connections come from the VIP itself and no reply arrives'
          : 'the source of the local route is the VIP itself, so no reply arrives',
      );
    },
    remedy: restoreOrInit,
  },
  {
    code: 'route-source-gone',
    title: 'the source of the local route is an address of this host',
    severity: 'down',
    dependsOn: ['route-missing', 'source-address-is-vip'],
    visibleAfterS: 0,
    detect: ({ route }) => {
      if (route === undefined) return NO_ROUTE;
      return findingIf(
        !route.sourceIsOurs && route.source !== undefined,
        () => `the local route's source ${route.source} is not an address of this host, so no reply arrives`,
      );
    },
    remedy: restoreOrInit,
  },
  {
    code: 'source-unreachable',
    title: 'masters can answer to the source of the local route',
    severity: 'down',
    dependsOn: ['route-missing', 'source-address-is-vip', 'route-source-gone', 'all-real-servers-down'],
    visibleAfterS: 0,
    detect: facts => {
      const { route, throughVip } = facts;
      if (route === undefined) return NO_ROUTE;
      if (!throughVip.seen) return throughVip;
      const { source, sourcesTowards } = route;
      const isOther = source !== undefined && sourcesTowards.length > 0 && !sourcesTowards.includes(source);
      return findingIf(
        isOther && throughVip.value.outcome === 'dead',
        () =>
          `connections to the VIP come from ${source}, and this host reaches the masters from ${sourcesTowards.join(', ')}: no reply to ${source} arrives`,
      );
    },
    remedy: restoreOrInit,
  },
];

const NO_ROUTE: Unseen = { seen: false, why: 'the VIP has no local route' };

/** For IPv6 the kernel chooses well where the route has no source. */
function isSourceVip({ source }: RouteFacts, vip: string): boolean {
  return source === undefined ? familyOf(vip) === 'ipv4' : source === vip;
}
