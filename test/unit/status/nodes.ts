// The nodes of the golden files: whole outputs of status for each kind of trouble.
import type { Facts } from '../../../src/lib/status/report.ts';
import {
  bootService,
  DEAD,
  daemon,
  entries,
  event,
  inKernel,
  MASTERS,
  NO_DAEMON,
  NOT_IN_KERNEL,
  NOT_PROBED,
  NOT_READY,
  NOTHING_PERSISTED,
  persisted,
  probe,
  probes,
  realServerFacts,
  seen,
  unseen,
  VIP_DEAD,
} from '../../helpers/facts.ts';
import { aSpec } from '../../helpers/specs.ts';

const LONG_V6 = '2001:db8:1111:2222:3333:4444:5555';
const V6_SERVERS = [1, 2].map(n => ({ address: `${LONG_V6}:${n}`, port: 6443 }));
const TORN = '/root/.bcs/ipvsConfig.yaml cannot be used: it was cut off: no newline ends its last line';
const M2 = 'real server 10.0.0.12:6443';
const M3 = 'real server 10.0.0.13:6443';

/** At 3 in the morning: m2 was away for two minutes, m3 is dead since. */
const A_NIGHT = [
  event({ object: M2, to: 'draining', why: 'http-500', time: '2026-03-01T02:20:31.120Z', ageS: 3189 }),
  event({ object: M2, from: 'draining', to: 'dead', time: '2026-03-01T02:21:05.000Z', ageS: 3155 }),
  event({ object: M2, from: 'dead', to: 'ready', why: '', time: '2026-03-01T02:23:11.300Z', ageS: 3029 }),
  event({ object: M3, time: '2026-03-01T03:12:05.000Z', ageS: 95 }),
];

const M3_DEAD: Partial<Facts> = {
  kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 1 }),
  daemon: daemon({ '10.0.0.13': { state: 'dead', reason: 'etimedout', sinceMs: 95_000, weight: undefined } }),
  probes: probes({ '10.0.0.13': { ...DEAD, reason: 'etimedout' } }),
  events: A_NIGHT,
};

const NOT_SET_UP: Partial<Facts> = {
  virtualServer: undefined,
  route: undefined,
  persisted: NOTHING_PERSISTED,
  daemon: NO_DAEMON,
  bootService: bootService({ kind: 'none', enabled: false, beforeKubelet: undefined }),
  probes: unseen('no real server is known'),
  throughVip: unseen('no virtual server is known'),
};

export const NODES: Readonly<Record<string, Partial<Facts>>> = {
  healthy: { events: A_NIGHT.slice(0, 3) },
  'healthy-ipv6': {
    virtualServer: { address: 'fd99::1', port: 6443 },
    kernel: inKernel({
      realServers: V6_SERVERS.map(server =>
        realServerFacts({ ...server, connections: 12_345_678n, inBytes: 9_007_199_254_740_993n }),
      ),
    }),
    route: { source: undefined, sourceIsOurs: true, hidden: false, sourcesTowards: ['fd00::2'] },
    persisted: persisted({
      spec: aSpec({ virtualServer: { address: 'fd99::1', port: 6443 }, realServers: V6_SERVERS }),
    }),
    daemon: { ...NO_DAEMON, processes: [812] },
    probes: seen(V6_SERVERS.map(server => probe(server))),
    kubelet: seen({ kubeconfig: '/etc/kubernetes/kubelet.conf', server: 'https://[fd99::1]:6443' }),
    events: [event({ object: `real server [${LONG_V6}:2]:6443`, ageS: 90_000 })],
  },
  'healthy-noticed': {
    kubeProxy: seen({ mode: 'nftables', excludeCIDRs: [], source: 'its /configz' }),
    probes: probes(
      Object.fromEntries(MASTERS.map(address => [address, { outcome: 'unauthorized', reason: 'http-401' }])),
    ),
  },
  'degraded-one-dead': M3_DEAD,
  'degraded-draining': {
    kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 0, '10.0.0.13': 1 }),
    daemon: daemon({ '10.0.0.12': { state: 'draining', reason: 'http-500', sinceMs: 12_000, weight: 0 } }),
    probes: probes({ '10.0.0.12': NOT_READY }),
  },
  'degraded-several': {
    ...M3_DEAD,
    sysctls: new Map([
      ['net.ipv4.vs.conntrack', '0'],
      ['net.ipv4.vs.expire_nodest_conn', '0'],
    ]),
    persisted: persisted({ path: '/root/.bcs/ipvsConfig.yaml.prev', problem: TORN, ageS: 86_400 * 9 }),
  },
  'no-daemon': {
    daemon: NO_DAEMON,
    bootService: bootService({ kind: 'none', enabled: false, beforeKubelet: undefined }),
  },
  'down-dead-master-without-daemon': {
    daemon: NO_DAEMON,
    probes: probes({ '10.0.0.12': DEAD }),
    throughVip: VIP_DEAD,
  },
  held: {
    probes: probes(Object.fromEntries(MASTERS.map(address => [address, { ...DEAD, reason: 'etimedout' }]))),
    throughVip: VIP_DEAD,
    daemon: daemon(
      Object.fromEntries(
        MASTERS.map(address => [address, { state: 'dead', reason: 'etimedout', sinceMs: 241_000 }]),
      ),
      { held: true },
    ),
    events: [
      ...MASTERS.map(address => event({ object: `real server ${address}:6443`, ageS: 242 })),
      event({
        object: 'virtual server',
        from: 'serving',
        to: 'held',
        why: 'every real server looks dead',
        ageS: 240,
      }),
    ],
  },
  'down-source-gone': {
    route: { source: '10.0.0.7', sourceIsOurs: false, hidden: false, sourcesTowards: ['10.0.0.2'] },
    throughVip: VIP_DEAD,
  },
  'down-without-route': { route: undefined, ...NOT_PROBED },
  'down-after-flush': { kernel: NOT_IN_KERNEL, daemon: NO_DAEMON, throughVip: VIP_DEAD },
  'down-firewall': { throughVip: VIP_DEAD },
  'not-probed': { ...NOT_PROBED, daemon: { ...NO_DAEMON, processes: [812] } },
  'without-ipvs': { ...NOT_SET_UP, kernel: { seen: false, why: 'no-ipvs' } },
  'not-permitted': { ...NOT_PROBED, kernel: { seen: false, why: 'not-permitted' } },
  'not-initialized': { ...NOT_SET_UP, kernel: NOT_IN_KERNEL },
};
