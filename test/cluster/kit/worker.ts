import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DIST } from '../../../scripts/packaging/paths.ts';
import { hostTarget } from '../../../scripts/packaging/targets.ts';
import type { Machine } from '../../lab/machine.ts';
import { bootQemu } from '../../lab/qemu.ts';
import { PODS, PREFIX, VIRTUAL_SERVER, WORKER } from './addresses.ts';
import type { Binaries } from './binaries.ts';
import { CRI_SOCKET, TOKEN } from './kubeadm-config.ts';
import { LAN, TAP } from './lan.ts';

const PAUSE = 'pause.test/pause:1';
const IMAGE = join(DIST, `bcs-apiserver-proxy-image-${hostTarget().arch}.tar`);
const JOIN_TIMEOUT_MS = 300_000;

export async function bootWorker(binaries: Binaries): Promise<Machine> {
  if (!existsSync(IMAGE)) throw new Error(`A cluster needs ${IMAGE}. Run scripts/image first.`);
  const machine = await bootQemu({
    init: 'systemd',
    purpose: 'worker',
    parameters: 'net.ifnames=0',
    lan: { netns: LAN, tap: TAP, mac: WORKER.mac },
    files: {
      ...Object.fromEntries(ON_WORKER.map(program => [program, binaries.pathOf(program)])),
      ...Object.fromEntries(
        Object.entries(binaries.runtime).map(([name, path]) => [`runtime-${name}`, path]),
      ),
      'image.tar': IMAGE,
    },
  });
  await machine.must(['mkdir', '-p', ...Object.keys(FILES).map(path => dirname(path))]);
  for (const [path, content] of Object.entries(FILES)) await machine.writeFile(path, content);
  await machine.must(['bash', '-ec', SET_UP], { timeoutMs: JOIN_TIMEOUT_MS });
  return machine;
}

const ON_WORKER = ['kubelet', 'kubeadm', 'kubectl', 'kube-proxy'] as const;

/** `init` comes first: this needs the virtual server. */
export async function joinCluster(machine: Machine): Promise<void> {
  await machine.must(
    [
      ...[
        '/root/kubeadm',
        'join',
        VIRTUAL_SERVER,
        '--token',
        TOKEN,
        '--discovery-token-unsafe-skip-ca-verification',
      ],
      ...['--cri-socket', CRI_SOCKET, '--node-name', 'worker', '--ignore-preflight-errors', 'all'],
    ],
    { timeoutMs: JOIN_TIMEOUT_MS },
  );
}

const FILES: Readonly<Record<string, string>> = {
  '/etc/systemd/network/10-lan.network': `[Match]
MACAddress=${WORKER.mac}
[Network]
Address=${WORKER.address}/${PREFIX}
`,
  '/etc/modules-load.d/kubernetes.conf': 'br_netfilter\noverlay\n',
  '/etc/sysctl.d/50-kubernetes.conf': 'net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\n',
  '/etc/containerd/config.toml': `version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE}"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
`,
  '/etc/cni/net.d/10-pods.conflist': JSON.stringify({
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods',
        isGateway: true,
        ipMasq: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: PODS }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  }),
  '/etc/systemd/system/kubelet.service': `[Unit]
Wants=network-online.target containerd.service
After=network-online.target containerd.service
[Service]
Environment=KUBECONFIGS="--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/bin/sh -c 'exec /root/kubelet $KUBECONFIGS --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS --node-ip=${WORKER.address}'
Restart=always
RestartSec=2
[Install]
WantedBy=multi-user.target
`,
};

/** The image that holds a pod's namespaces together: one program that sleeps. */
const PAUSE_IMAGE = `
work=$(mktemp -d) && cd "$work" && mkdir -p layer/bin
cp /bin/busybox layer/bin/sh
tar -C layer -cf layer.tar bin
id=$(sha256sum layer.tar | cut -d" " -f1)
cat > config.json <<END
{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh","-c","trap exit TERM; while :; do sleep 3600 & wait; done"]},
"rootfs":{"type":"layers","diff_ids":["sha256:$id"]}}
END
echo '[{"Config":"config.json","RepoTags":["${PAUSE}"],"Layers":["layer.tar"]}]' > manifest.json
tar -cf pause.tar config.json layer.tar manifest.json
ctr -n k8s.io images import pause.tar
rm -r "$work"`;

const SET_UP = `
chmod 755 /root/kube*
mkdir -p /etc/kubernetes/manifests # as Kubernetes' own package of kubelet does
systemctl enable --now systemd-networkd systemd-networkd-wait-online
systemctl restart systemd-modules-load systemd-sysctl
hostnamectl set-hostname worker || hostname worker
systemctl enable kubelet
systemctl stop containerd
shopt -s nullglob
for program in /root/runtime-*; do
  name=\${program#/root/runtime-}
  install -m 755 "$program" "$(command -v "$name")"
  rm "$program"
done
systemctl start containerd
${PAUSE_IMAGE}
ctr -n k8s.io images import /root/image.tar
rm /root/image.tar`;
