// Each condition: what makes it true on a node that is sound otherwise, and the problem that is then shown, alone.
import type { Facts } from '../../src/lib/status/report.ts';
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
  NOT_READY,
  NOTHING_PERSISTED,
  persisted,
  probes,
  realServerFacts,
  routeFacts,
  seen,
  unseen,
  VIP_DEAD,
  vipProbe,
} from './facts.ts';
import { aSpec } from './specs.ts';

export const INIT = 'bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT --rs HOST:PORT';
/** With the values of the sound node. */
export const INIT_HERE =
  'bcs-apiserver-proxy init --vs 10.99.0.1:6443 --rs 10.0.0.11:6443 --rs 10.0.0.12:6443 --rs 10.0.0.13:6443';
export const RESTORE = 'bcs-apiserver-proxy sync --from persisted';

export interface ConditionCase {
  readonly code: string;
  readonly wrong: Partial<Facts>;
  readonly severity: string;
  readonly text: string;
  readonly remedy: string;
  readonly forS?: number;
}

/** What goes with a master that is gone: the daemon took it out, and the probe says the same. */
const M3_GONE: Partial<Facts> = {
  kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 1 }),
  daemon: daemon({ '10.0.0.13': { state: 'dead', reason: 'etimedout', sinceMs: 95_000, weight: undefined } }),
  probes: probes({ '10.0.0.13': { ...DEAD, reason: 'etimedout' } }),
};

const KEY_OF_ANOTHER = {
  ...{ kind: 'local-fault' as const, latencyMs: undefined },
  reason: 'probe.crt and probe.key are no certificate and its key',
};

/** Nothing that depends on the virtual server can be seen of it. */
const NOT_LOOKED_AT: Partial<Facts> = {
  probes: unseen('no virtual server is known'),
  throughVip: unseen('no virtual server is known'),
};

export const CONDITION_CASES: readonly ConditionCase[] = [
  {
    code: 'not-permitted',
    wrong: { kernel: { seen: false, why: 'not-permitted' } },
    severity: 'unknown',
    text: 'reading IPVS needs root',
    remedy: 'sudo bcs-apiserver-proxy status',
  },
  {
    code: 'ipvs-missing',
    wrong: { kernel: { seen: false, why: 'no-ipvs' }, throughVip: VIP_DEAD },
    severity: 'down',
    text: 'this kernel has no IPVS: module ip_vs is not loaded',
    remedy: 'modprobe ip_vs',
  },
  {
    code: 'not-initialized',
    wrong: {
      virtualServer: undefined,
      kernel: NOT_IN_KERNEL,
      route: undefined,
      persisted: NOTHING_PERSISTED,
      daemon: NO_DAEMON,
      bootService: bootService({ kind: 'none', enabled: false }),
      ...NOT_LOOKED_AT,
    },
    severity: 'down',
    text: 'no virtual server was ever set up on this node',
    remedy: INIT,
  },
  {
    code: 'virtual-server-missing',
    wrong: { kernel: NOT_IN_KERNEL, throughVip: VIP_DEAD },
    severity: 'down',
    text: 'virtual server 10.99.0.1:6443 is not in the kernel',
    remedy: RESTORE,
  },
  {
    code: 'no-real-servers',
    wrong: { kernel: inKernel({ realServers: [] }), throughVip: VIP_DEAD },
    severity: 'down',
    text: 'the virtual server has no real servers',
    remedy: RESTORE,
  },
  {
    code: 'route-missing',
    wrong: { route: undefined, throughVip: VIP_DEAD },
    severity: 'down',
    text: 'the local route of 10.99.0.1 is missing, so connections to it may leave the host or time out',
    remedy: RESTORE,
  },
  {
    code: 'local-table-not-first',
    wrong: { route: routeFacts({ hidden: true }), throughVip: VIP_DEAD },
    severity: 'down',
    text: 'a policy rule before that of table local leads connections to 10.99.0.1 elsewhere, so its local route is never looked at',
    remedy: 'ip rule add pref 0 lookup local',
  },
  {
    code: 'source-address-is-vip',
    wrong: { route: routeFacts({ source: undefined, sourceIsOurs: false }), throughVip: VIP_DEAD },
    severity: 'down',
    text: 'the local route has no source, so connections come from the VIP itself and no reply arrives',
    remedy: RESTORE,
  },
  {
    code: 'route-source-gone',
    wrong: { route: routeFacts({ source: '10.0.0.7', sourceIsOurs: false }), throughVip: VIP_DEAD },
    severity: 'down',
    text: "the local route's source 10.0.0.7 is not an address of this host, so no reply arrives",
    remedy: RESTORE,
  },
  {
    code: 'source-unreachable',
    wrong: { route: routeFacts({ source: '192.168.99.10' }), throughVip: VIP_DEAD },
    severity: 'down',
    text: 'connections to the VIP come from 192.168.99.10, and this host reaches the masters from 10.0.0.2: no reply to 192.168.99.10 arrives',
    remedy: RESTORE,
  },
  {
    code: 'all-real-servers-down',
    wrong: {
      probes: probes(Object.fromEntries(MASTERS.map(address => [address, DEAD]))),
      throughVip: VIP_DEAD,
      events: [event({ object: 'virtual server', from: 'serving', to: 'held', ageS: 240 })],
      daemon: daemon(
        Object.fromEntries(
          MASTERS.map(address => [address, { state: 'dead', reason: 'econnrefused', sinceMs: 240_000 }]),
        ),
        { held: true },
      ),
    },
    severity: 'down',
    text: 'none of the 3 real servers answers (econnrefused); the kernel keeps them, and this node recovers by itself as soon as one answers',
    remedy: 'curl -k https://10.0.0.11:6443/readyz',
    forS: 240,
  },
  {
    code: 'mtu-too-large',
    wrong: {
      throughVip: seen(vipProbe({ ...DEAD, reason: 'etimedout', reached: 'tcp', largeArrives: false })),
    },
    severity: 'down',
    text: 'connections to 10.99.0.1:6443 are made, and no TLS handshake gets through, although the masters answer directly: packets of full size are lost on their way here',
    remedy: RESTORE,
  },
  {
    code: 'vip-unreachable',
    wrong: { throughVip: VIP_DEAD },
    severity: 'down',
    text: 'nothing answers through 10.99.0.1:6443 (etimedout), although 3 real servers answer directly',
    remedy: 'nft list ruleset',
  },
  {
    code: 'real-server-left-discovery',
    wrong: { missing: [{ address: '10.0.0.14', port: 6443, ageS: 10_800 }] },
    severity: 'degraded',
    text: 'master 10.0.0.14:6443 left discovery while it was dead; it is used again once discovery names it, or if no other master answers',
    remedy: 'bcs-apiserver-proxy sync --forget 10.0.0.14:6443',
    forS: 10_800,
  },
  {
    code: 'real-server-down',
    wrong: M3_GONE,
    severity: 'degraded',
    text: 'real server 10.0.0.13:6443 does not answer (etimedout); the daemon took it out',
    remedy: 'curl -k https://10.0.0.13:6443/readyz',
    forS: 95,
  },
  {
    code: 'real-server-draining',
    wrong: {
      kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 0, '10.0.0.13': 1 }),
      daemon: daemon({ '10.0.0.12': { state: 'draining', reason: 'http-500', sinceMs: 12_000, weight: 0 } }),
      probes: probes({ '10.0.0.12': NOT_READY }),
    },
    severity: 'degraded',
    text: 'real server 10.0.0.12:6443 answers that it is not ready (http-500) and gets no new connections',
    remedy: 'curl -k https://10.0.0.12:6443/readyz',
    forS: 12,
  },
  {
    code: 'real-server-missing',
    wrong: { kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 1 }) },
    severity: 'degraded',
    text: 'real server 10.0.0.13:6443 is not in the kernel, although the daemon finds it ready',
    remedy: RESTORE,
    forS: 60,
  },
  {
    code: 'real-server-unexpected',
    wrong: {
      kernel: entries({ '10.0.0.11': 1, '10.0.0.12': 1, '10.0.0.13': 1, '10.0.0.14': 1 }),
      probes: probes({ '10.0.0.14': {} }),
    },
    severity: 'degraded',
    text: 'real server 10.0.0.14:6443 is in the kernel but the daemon does not know it',
    remedy: RESTORE,
  },
  {
    code: 'vip-conflict',
    wrong: { conflicts: { isHostAddress: true, onLinkNetwork: undefined } },
    severity: 'degraded',
    text: 'the VIP 10.99.0.1 is an address of this host, so connections may come from it and get no reply',
    remedy: 'ip address show to 10.99.0.1',
  },
  {
    code: 'scheduler-drift',
    wrong: { kernel: inKernel({ scheduler: 'rr' }) },
    severity: 'degraded',
    text: 'the scheduler is rr in the kernel, sh in the persisted set',
    remedy: RESTORE,
  },
  {
    code: 'expire-nodest-off',
    wrong: { sysctls: new Map([['net.ipv4.vs.expire_nodest_conn', '0']]) },
    severity: 'degraded',
    text: 'net.ipv4.vs.expire_nodest_conn is 0: connections to a master that is gone hang instead of breaking',
    remedy: 'sysctl -w net.ipv4.vs.expire_nodest_conn=1',
  },
  {
    code: 'conntrack-off',
    wrong: { sysctls: new Map([['net.ipv4.vs.conntrack', '0']]) },
    severity: 'degraded',
    text: 'net.ipv4.vs.conntrack is 0: a stateful host firewall drops the replies of the masters',
    remedy: 'sysctl -w net.ipv4.vs.conntrack=1',
  },
  {
    code: 'conntrack-full',
    wrong: { conntrack: { used: 262_144, limit: 262_144 } },
    severity: 'degraded',
    text: 'connection tracking is full (net.netfilter.nf_conntrack_max is 262144), so packets of new connections are dropped',
    remedy: 'sysctl -w net.netfilter.nf_conntrack_max=524288',
  },
  {
    code: 'module-missing',
    wrong: {
      modules: new Map([
        ['ip_vs', true],
        ['ip_vs_rr', false],
      ]),
    },
    severity: 'degraded',
    text: 'kernel module ip_vs_rr is not loaded',
    remedy: 'modprobe ip_vs_rr',
  },
  {
    code: 'daemon-not-running',
    wrong: { daemon: NO_DAEMON },
    severity: 'degraded',
    text: 'no daemon runs here, so nothing removes a dead master or repairs the kernel rules',
    remedy: 'bcs-apiserver-proxy install-service --role daemon --kubeconfig /etc/kubernetes/kubelet.conf',
  },
  {
    code: 'daemon-stuck',
    wrong: { daemon: daemon({}, { lastPassAgeMs: 14_000 }) },
    severity: 'degraded',
    text: 'the daemon (pid 812) has stopped making passes; one per second is expected',
    remedy: 'kill -KILL 812',
    forS: 14,
  },
  {
    code: 'daemon-cannot-probe',
    wrong: {
      daemon: daemon({
        '10.0.0.11': { lastProbe: KEY_OF_ANOTHER },
        '10.0.0.13': { lastProbe: KEY_OF_ANOTHER },
      }),
    },
    severity: 'degraded',
    text: 'the daemon cannot ask 10.0.0.11:6443 and 10.0.0.13:6443 for a reason of this node (probe.crt and probe.key are no certificate and its key), so it would not notice that a master died',
    remedy: 'ps -o args= -p 812',
  },
  {
    code: 'daemon-discovery-stale',
    wrong: {
      daemon: daemon(
        {},
        {
          discovery: {
            kind: 'endpoints',
            ageMs: 600_000,
            connected: false,
            server: undefined,
            problem: '10.99.0.1:6443: 403 Forbidden',
          },
        },
      ),
    },
    severity: 'degraded',
    text: 'the daemon no longer hears from the API which masters there are (10.99.0.1:6443: 403 Forbidden)',
    remedy: 'curl -s http://127.0.0.1:8004/status',
    forS: 600,
  },
  {
    code: 'two-daemons',
    wrong: { daemon: { ...daemon(), processes: [812, 913] } },
    severity: 'degraded',
    text: '2 daemons (pids 812, 913) run here: one keeps the virtual server, and the other waits until it ends',
    remedy: 'bcs-apiserver-proxy status --wide',
  },
  {
    code: 'persist-failing',
    wrong: { daemon: daemon({}, { persist: { problem: 'the disk is full' } }) },
    severity: 'degraded',
    text: 'the daemon cannot write the persisted set, so the next boot starts from an older one (the disk is full)',
    remedy: 'df -h /root/.bcs',
  },
  {
    code: 'vip-not-in-certificate',
    wrong: {
      probes: probes({
        '10.0.0.12': { certificate: { expiresInS: 200 * 86_400, namesVip: false, verified: true } },
      }),
    },
    severity: 'degraded',
    text: 'the certificate of 10.0.0.12:6443 does not name 10.99.0.1, so clients that verify it refuse the VIP',
    remedy: 'openssl s_client -connect 10.99.0.1:6443 </dev/null | openssl x509 -noout -text',
  },
  {
    code: 'certificate-unverified',
    wrong: {
      probes: probes({
        '10.0.0.11': { certificate: { expiresInS: 200 * 86_400, namesVip: true, verified: false } },
      }),
    },
    severity: 'degraded',
    text: 'the certificate of 10.0.0.11:6443 is not from the CA that this host knows, or is for none of the names of an apiserver: clients that verify it refuse it, and no credentials are sent to it',
    remedy:
      'openssl s_client -connect 10.0.0.11:6443 </dev/null | openssl x509 -noout -issuer -ext subjectAltName',
  },
  {
    code: 'certificate-expiring',
    wrong: {
      probes: probes({
        '10.0.0.12': { certificate: { expiresInS: 12 * 86_400, namesVip: true, verified: true } },
      }),
    },
    severity: 'degraded',
    text: 'the certificate of 10.0.0.12:6443 expires in 12 days',
    remedy: 'kubeadm certs check-expiration',
  },
  {
    code: 'kubelet-not-using-vip',
    wrong: {
      kubelet: seen({ kubeconfig: '/etc/kubernetes/kubelet.conf', server: 'https://10.0.0.11:6443' }),
    },
    severity: 'degraded',
    text: 'kubelet talks to https://10.0.0.11:6443 and not to the VIP (/etc/kubernetes/kubelet.conf)',
    remedy: 'grep server: /etc/kubernetes/kubelet.conf',
  },
  {
    code: 'kube-proxy-will-delete',
    wrong: { kubeProxy: seen({ mode: 'ipvs', excludeCIDRs: ['10.98.0.0/16'], source: 'its /configz' }) },
    severity: 'degraded',
    text: 'kube-proxy (mode ipvs) deletes the virtual server: excludeCIDRs does not name 10.99.0.1',
    remedy: 'kubectl -n kube-system edit configmap kube-proxy',
  },
  {
    code: 'boot-service-missing',
    wrong: { bootService: bootService({ kind: 'none', enabled: false, beforeKubelet: undefined }) },
    severity: 'degraded',
    text: 'nothing on this host restores the virtual server at boot',
    remedy: 'bcs-apiserver-proxy install-service',
  },
  {
    code: 'boot-service-not-before-kubelet',
    wrong: { bootService: bootService({ beforeKubelet: false }) },
    severity: 'degraded',
    text: 'the boot service is not ordered before kubelet, which then starts without its way to the masters',
    remedy: 'bcs-apiserver-proxy install-service',
  },
  {
    code: 'boot-service-failed',
    wrong: { bootService: bootService({ failed: true }) },
    severity: 'degraded',
    text: 'the boot service failed when it ran last',
    remedy: 'journalctl -b -u bcs-apiserver-proxy',
  },
  {
    code: 'original-tool-still-running',
    wrong: { originalTool: [77, 78] },
    severity: 'degraded',
    text: 'the program that this one replaces still runs (pid 77, 78) and changes the same virtual server',
    remedy: 'ps -o pid,ppid,cgroup,args -p 77,78',
  },
  {
    code: 'persisted-corrupt',
    wrong: { persisted: persisted({ problem: '/root/.bcs/ipvsConfig.yaml cannot be used: it is empty' }) },
    severity: 'degraded',
    text: '/root/.bcs/ipvsConfig.yaml cannot be used: it is empty',
    remedy: INIT_HERE,
  },
  {
    code: 'persisted-missing',
    wrong: { persisted: NOTHING_PERSISTED },
    severity: 'degraded',
    text: '/root/.bcs/ipvsConfig.yaml is missing, so a reboot of this node restores nothing',
    remedy: INIT_HERE,
  },
  {
    code: 'persisted-differs',
    wrong: {
      persisted: persisted({ spec: aSpec({ virtualServer: { address: '10.99.0.2', port: 6443 } }) }),
    },
    severity: 'degraded',
    text: 'the persisted set is for 10.99.0.2:6443, but the virtual server here is 10.99.0.1:6443: a reboot restores the other one',
    remedy: INIT_HERE,
  },
  {
    code: 'persisted-stale',
    wrong: {
      persisted: persisted({
        spec: aSpec({
          realServers: ['10.0.0.11', '10.0.0.12', '10.0.0.9'].map(address => ({ address, port: 6443 })),
        }),
      }),
      events: [event({ from: 'absent', to: 'named', why: 'discovery names it', ageS: 300 })],
    },
    severity: 'degraded',
    text: 'the persisted set lacks 10.0.0.13:6443 and names 10.0.0.9:6443, which the daemon does not know: a reboot begins with it',
    remedy: 'bcs-apiserver-proxy sync --rs 10.0.0.11:6443 --rs 10.0.0.12:6443 --rs 10.0.0.13:6443',
    forS: 300,
  },
  {
    code: 'probe-unauthorized',
    wrong: {
      probes: probes(
        Object.fromEntries(
          MASTERS.map(address => [address, { outcome: 'unauthorized', reason: 'http-401' }]),
        ),
      ),
    },
    severity: 'notice',
    text: '10.0.0.11:6443, 10.0.0.12:6443 and 1 more refuse health requests without credentials, so it is known whether they are alive, not whether they are ready',
    remedy: 'curl -k https://10.0.0.11:6443/readyz',
  },
  {
    code: 'long-round-trips',
    wrong: { probes: probes(Object.fromEntries(MASTERS.map(address => [address, { roundTripMs: 417 }]))) },
    severity: 'notice',
    text: 'a round trip to the masters takes about 400 ms, so that new connections of the daemon are late with its time limit of 1 s: give it --probe-timeout 5s',
    remedy: 'ping -c 3 10.0.0.11',
  },
  {
    code: 'cpu-starved',
    wrong: {
      lateMs: 1234,
      probes: probes({ '10.0.0.12': { latencyMs: 1410 } }),
    },
    severity: 'notice',
    text: 'this node is short of CPU: status itself had to wait for 1.2 s, so a master that answered late or not at all may be well',
    remedy: 'cat /proc/pressure/cpu',
  },
  {
    code: 'sh-imbalance',
    wrong: {
      kernel: inKernel({
        realServers: MASTERS.map((address, i) =>
          realServerFacts({ address, activeConnections: i === 1 ? 240 : 0 }),
        ),
      }),
    },
    severity: 'notice',
    text: 'scheduler sh gives all connections of this node to 10.0.0.12:6443, now 50 or more; flag sh-port would spread them',
    remedy: `${INIT_HERE} --scheduler-flags sh-port`,
  },
  {
    code: 'vip-in-host-network',
    wrong: { conflicts: { isHostAddress: false, onLinkNetwork: '10.99.0.0/16 dev eth0' } },
    severity: 'notice',
    text: 'the VIP 10.99.0.1 is in the network 10.99.0.0/16 dev eth0 of this host: make sure that no other host has it',
    remedy: 'arping -D -c 3 -I eth0 10.99.0.1',
  },
  {
    code: 'kube-proxy-flushes-at-start',
    wrong: { kubeProxy: seen({ mode: 'nftables', excludeCIDRs: [], source: 'its /configz' }) },
    severity: 'notice',
    text: 'kube-proxy (mode nftables) empties the IPVS table when it starts; the daemon puts it back within a second',
    remedy: 'curl -s http://127.0.0.1:10249/proxyMode',
  },
];
