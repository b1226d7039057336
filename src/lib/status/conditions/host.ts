// What can be wrong on the host around the virtual server: its addresses, its boot, the program of before. Pure.
import { type Condition, findingIf, look, NO_FINDINGS, NO_VIP } from '../condition.ts';

const INSTALL = 'bcs-apiserver-proxy install-service';

export const ADDRESSES: readonly Condition[] = [
  {
    code: 'vip-conflict',
    title: 'the VIP is not assigned to any interface',
    severity: 'degraded',
    dependsOn: ['not-initialized'],
    visibleAfterS: 0,
    detect: ({ conflicts, virtualServer }) =>
      virtualServer === undefined
        ? NO_VIP
        : findingIf(
            conflicts.isHostAddress,
            () =>
              `the VIP ${virtualServer.address} is an address of this host, so connections may come from it and get no reply`,
          ),
    remedy: ({ virtualServer }) => look(`ip address show to ${virtualServer?.address ?? 'VIP'}`),
  },
];

export const BOOT: readonly Condition[] = [
  {
    code: 'boot-service-missing',
    title: 'something restores the virtual server at boot',
    severity: 'degraded',
    dependsOn: ['not-initialized'],
    visibleAfterS: 0,
    detect: ({ bootService, daemon }) => {
      // A daemon that is started at boot restores the persisted set with its first pass.
      if (daemon.unit?.enabled === 'enabled') return NO_FINDINGS;
      if (!bootService.seen) return bootService;
      const { kind, enabled } = bootService.value;
      if (kind === 'none') return [{ text: 'nothing on this host restores the virtual server at boot' }];
      return findingIf(
        !enabled,
        () => 'the boot service is there but not enabled, so a reboot restores nothing',
      );
    },
    remedy: () => INSTALL,
  },
  {
    code: 'boot-service-not-before-kubelet',
    title: 'the virtual server is restored before kubelet starts',
    severity: 'degraded',
    dependsOn: ['boot-service-missing'],
    visibleAfterS: 0,
    detect: ({ bootService }) =>
      bootService.seen
        ? findingIf(
            bootService.value.beforeKubelet === false,
            () =>
              'the boot service is not ordered before kubelet, which then starts without its way to the masters',
          )
        : bootService,
    remedy: () => INSTALL,
  },
  {
    code: 'boot-service-failed',
    title: 'the last restore at boot succeeded',
    severity: 'degraded',
    dependsOn: ['boot-service-missing'],
    visibleAfterS: 0,
    detect: ({ bootService }) =>
      bootService.seen
        ? findingIf(bootService.value.failed, () => 'the boot service failed when it ran last')
        : bootService,
    remedy: () => look('journalctl -b -u bcs-apiserver-proxy'),
  },
  {
    code: 'original-tool-still-running',
    title: 'the original bcs-apiserver-proxy is not running',
    severity: 'degraded',
    dependsOn: [],
    visibleAfterS: 0,
    detect: ({ originalTool }) =>
      findingIf(
        originalTool.length > 0,
        () =>
          `the program that this one replaces still runs (pid ${originalTool.join(', ')}) and changes the same virtual server`,
      ),
    remedy: ({ originalTool }) =>
      look(`ps -o pid,ppid,cgroup,args -p ${originalTool.length === 0 ? 'PID' : originalTool.join(',')}`),
  },
];

export const ADDRESS_NOTICES: readonly Condition[] = [
  {
    code: 'vip-in-host-network',
    title: 'the VIP is outside the networks of this host',
    severity: 'notice',
    dependsOn: ['vip-conflict', 'not-initialized'],
    visibleAfterS: 0,
    detect: ({ conflicts: { onLinkNetwork }, virtualServer }) =>
      virtualServer === undefined
        ? NO_VIP
        : findingIf(
            onLinkNetwork !== undefined,
            () =>
              `the VIP ${virtualServer.address} is in the network ${onLinkNetwork} of this host: make sure that no other host has it`,
          ),
    remedy: ({ virtualServer, conflicts: { onLinkNetwork } }) =>
      look(
        `arping -D -c 3 -I ${onLinkNetwork?.split(' ').at(-1) ?? 'DEVICE'} ${virtualServer?.address ?? 'VIP'}`,
      ),
  },
];
