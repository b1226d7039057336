// What can be wrong with the certificates of the masters, kubelet and kube-proxy. Pure.
import { equalHostPort, formatHostPort, type HostPort, isInNetwork } from '../../model/address.ts';
import { type Condition, type Finding, findingIf, look, NO_VIP, type Unseen } from '../condition.ts';
import type { Facts } from '../report.ts';
import { days, listOf } from '../words.ts';

/** Certificates of kubeadm live for a year and are renewed by its upgrades; a month is time enough to do it by hand. */
const EXPIRING_S = 30 * 86_400;

/** Of several that can be chosen from, one that names it would be enough for some connections. */
export function nobodyNamesVip({ probes, virtualServer }: Facts): boolean {
  if (!probes.seen || virtualServer === undefined) return false;
  const certificates = probes.value.flatMap(({ certificate }) => certificate ?? []);
  return certificates.length > 0 && certificates.every(({ namesVip }) => !namesVip);
}

export const CERTIFICATES: readonly Condition[] = [
  {
    code: 'vip-not-in-certificate',
    title: 'the certificates of the masters name the VIP',
    severity: 'degraded',
    dependsOn: [],
    visibleAfterS: 0,
    detect: facts => {
      if (!facts.probes.seen) return facts.probes;
      if (nobodyNamesVip(facts)) {
        const text = `no master's certificate names ${facts.virtualServer?.address}, so all clients that verify it refuse the VIP`;
        return [{ text, severity: 'down' }];
      }
      const names = facts.probes.value
        .filter(({ certificate }) => certificate?.namesVip === false)
        .map(formatHostPort);
      return findingIf(
        names.length > 0 && facts.virtualServer !== undefined,
        () =>
          `the ${names.length === 1 ? 'certificate' : 'certificates'} of ${listOf(names)} ${names.length === 1 ? 'does' : 'do'} not name ${facts.virtualServer?.address}, so clients that verify it refuse the VIP`,
      );
    },
    remedy: ({ virtualServer }) =>
      look(
        `openssl s_client -connect ${virtualServer === undefined ? 'VIP:PORT' : formatHostPort(virtualServer)} </dev/null | openssl x509 -noout -text`,
      ),
  },
  {
    code: 'certificate-unverified',
    title: 'the certificates of the masters are from the CA of this cluster',
    severity: 'degraded',
    dependsOn: [],
    visibleAfterS: 0,
    detect: ({ probes }) =>
      probes.seen
        ? probes.value
            // One that has expired is refused for that.
            .filter(({ certificate }) => certificate?.verified === false && certificate.expiresInS > 0)
            .map(server => ({
              text: `the certificate of ${formatHostPort(server)} is not from the CA that this host knows, or is for none of the names of an apiserver: clients that verify it refuse it, and no credentials are sent to it`,
              about: formatHostPort(server),
            }))
        : probes,
    remedy: (_, { about }) =>
      look(`openssl s_client -connect ${about} </dev/null | openssl x509 -noout -issuer -ext subjectAltName`),
  },
  {
    code: 'certificate-expiring',
    title: 'the certificates of the masters last for another month',
    severity: 'degraded',
    dependsOn: [],
    visibleAfterS: 0,
    detect: detectExpiring,
    remedy: () => look('kubeadm certs check-expiration'),
  },
];

function detectExpiring({ probes }: Facts): readonly Finding[] | Unseen {
  if (!probes.seen) return probes;
  const shown = probes.value.flatMap(({ certificate, ...server }) =>
    certificate === undefined ? [] : [{ server, expiresInS: certificate.expiresInS }],
  );
  // Nobody is left whom a client accepts.
  const allExpired = shown.length > 0 && shown.every(({ expiresInS }) => expiresInS <= 0);
  return shown
    .filter(({ expiresInS }) => expiresInS < EXPIRING_S)
    .toSorted((a, b) => a.expiresInS - b.expiresInS)
    .map(({ server, expiresInS }) => ({
      text: `the certificate of ${formatHostPort(server)} ${expiresInS > 0 ? `expires in ${days(expiresInS)}` : `expired ${days(-expiresInS)} ago: clients refuse it`}`,
      ...(allExpired && { severity: 'down' as const }),
    }));
}

export const CLUSTER: readonly Condition[] = [
  {
    code: 'kubelet-not-using-vip',
    title: 'kubelet uses the VIP',
    severity: 'degraded',
    dependsOn: ['not-initialized'],
    visibleAfterS: 0,
    detect: ({ kubelet, virtualServer, hostAddresses }) => {
      if (!kubelet.seen) return kubelet;
      if (virtualServer === undefined) return NO_VIP;
      const { server, kubeconfig } = kubelet.value;
      const target = targetOf(server);
      if (target === undefined) return { seen: false, why: `kubelet uses a name, ${server}` };
      // On a master kubeadm means it to use the apiserver beside it: ControlPlaneKubeletLocalMode, since 1.33.
      const isRight = equalHostPort(target, virtualServer) || hostAddresses.includes(target.address);
      return findingIf(!isRight, () => `kubelet talks to ${server} and not to the VIP (${kubeconfig})`);
    },
    remedy: ({ kubelet }) =>
      look(`grep server: ${kubelet.seen ? kubelet.value.kubeconfig : '/etc/kubernetes/kubelet.conf'}`),
  },
  {
    code: 'kube-proxy-will-delete',
    title: 'kube-proxy leaves the virtual server alone',
    severity: 'degraded',
    dependsOn: ['not-initialized'],
    visibleAfterS: 0,
    detect: ({ kubeProxy, virtualServer }) => {
      if (!kubeProxy.seen) return kubeProxy;
      if (virtualServer === undefined) return NO_VIP;
      const { mode, excludeCIDRs } = kubeProxy.value;
      const excluded = excludeCIDRs.some(cidr => isInNetwork(virtualServer.address, cidr));
      return findingIf(
        mode === 'ipvs' && !excluded,
        () =>
          `kube-proxy (mode ipvs) deletes the virtual server: excludeCIDRs does not name ${virtualServer.address}`,
      );
    },
    remedy: () => 'kubectl -n kube-system edit configmap kube-proxy',
  },
];

export const CLUSTER_NOTICES: readonly Condition[] = [
  {
    code: 'kube-proxy-flushes-at-start',
    title: 'kube-proxy does not empty the IPVS table when it starts',
    severity: 'notice',
    dependsOn: [],
    visibleAfterS: 0,
    detect: ({ kubeProxy }) =>
      kubeProxy.seen
        ? findingIf(
            kubeProxy.value.mode === 'nftables',
            () =>
              `kube-proxy (mode nftables) empties the IPVS table when it starts; the daemon puts it back within a second`,
          )
        : kubeProxy,
    remedy: () => look('curl -s http://127.0.0.1:10249/proxyMode'),
  },
];

/** Undefined where the server is named, not numbered. */
function targetOf(server: string): HostPort | undefined {
  if (!URL.canParse(server)) return undefined;
  const url = new URL(server);
  const address = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (!/^[\d.]+$|:/.test(address)) return undefined;
  return { address, port: Number(url.port || 443) };
}
