// A container as a pod asks for it, made of the image's own layers with mount(8), chroot and prctl(2): the mounts of the pod, a
// root that cannot be written, /proc/sys that cannot either, one capability, a little of the seccomp filter.
import { dirname } from 'node:path';
import type { V1Container, V1PodSpec, V1Volume, V1VolumeMount } from '../../src/lib/manifests/kubernetes.ts';
import { GATEWAY, ipv4 } from '../lab/addresses.ts';
import type { LabHost } from '../lab/lab-host.ts';
import type { LabProcess, Machine, RunResult } from '../lab/machine.ts';

/** Name of the layers' file among the files of the lab; not compressed, since the guest is emulated. */
export const LAYER = 'layer.tar';

const ROOT = '/tmp/pod/root';
const SERVICE_ACCOUNT = '/tmp/pod/serviceaccount';
const LAUNCHER = '/tmp/pod/launcher.pl';
export const CGROUP = '/sys/fs/cgroup/pod';

// <linux/prctl.h>, <linux/capability.h>; 157 is prctl on x86-64. setpriv(1) cannot change the root.
// The filter: what Node would call and runtimes' default profiles refuse, io_uring (EPERM) and clone3 (ENOSYS).
const LAUNCHER_TEXT = `
  my ($PR_SET_SECCOMP, $PR_CAPBSET_DROP, $PR_SET_NO_NEW_PRIVS, $CAP_NET_ADMIN) = (22, 24, 38, 12);
  my ($LOAD, $JUMP_IF_EQUAL, $RETURN) = (0x20, 0x15, 0x06);
  my @filter = (
    [$LOAD, 0, 0, 0],
    [$JUMP_IF_EQUAL, 4, 0, 425], [$JUMP_IF_EQUAL, 3, 0, 426], [$JUMP_IF_EQUAL, 2, 0, 427],
    [$JUMP_IF_EQUAL, 2, 0, 435],
    [$RETURN, 0, 0, 0x7fff0000], [$RETURN, 0, 0, 0x00050001], [$RETURN, 0, 0, 0x00050026],
  );
  my $program = join "", map { pack "S C C L", @$_ } @filter;
  my $filter = pack "S x6 P", scalar @filter, $program;
  chroot(shift) && chdir("/") or die "chroot: $!";
  for my $capability (0 .. 63) {
    syscall(157, $PR_CAPBSET_DROP, $capability, 0, 0, 0) if $capability != $CAP_NET_ADMIN;
  }
  syscall(157, $PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
  syscall(157, $PR_SET_SECCOMP, 2, $filter, 0, 0) == 0 or die "seccomp: $!";
  exec @ARGV or die "exec: $!";
`;

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What is mounted, as kubelet and a runtime do it: what a mount point is made of is made before the root is closed. */
function mountScript(pod: V1PodSpec): string {
  const mounts = mountsOf(pod);
  return `
  root=${ROOT}
  mount --bind $root $root
  ${mounts.map(({ place }) => place).join('\n  ')}
  mount -o remount,bind,ro $root
  ${mounts.map(({ mount }) => mount).join('\n  ')}
  mount -t proc -o nosuid,nodev,noexec proc $root/proc
  mount --bind $root/proc/sys $root/proc/sys
  mount -o remount,bind,ro $root/proc/sys
  mount -t sysfs -o ro sys $root/sys
  mount -t tmpfs -o mode=755,nosuid dev $root/dev
  for device in null zero random urandom; do cp -a /dev/$device $root/dev/; done
  mkdir $root/dev/shm
  mount -t tmpfs -o nosuid,nodev,noexec shm $root/dev/shm
`;
}

interface Mount {
  /** Checks what is to be mounted, and makes the place for it. */
  readonly place: string;
  readonly mount: string;
}

function mountsOf(pod: V1PodSpec): Mount[] {
  const mounts = containerOf(pod).volumeMounts ?? [];
  const token = { place: `mkdir -p $root${TOKEN_PATH}`, mount: bind(SERVICE_ACCOUNT, TOKEN_PATH, true) };
  return [
    ...mounts.map(mount =>
      mountOf(
        mount,
        pod.volumes?.find(({ name }) => name === mount.name),
      ),
    ),
    ...(pod.automountServiceAccountToken ? [token] : []),
  ];
}

function mountOf({ mountPath, readOnly }: V1VolumeMount, volume: V1Volume | undefined): Mount {
  if (volume?.emptyDir !== undefined) {
    const size = volume.emptyDir.sizeLimit?.replace('Mi', 'm');
    return {
      place: `mkdir -p $root${mountPath}`,
      mount: `mount -t tmpfs -o mode=755,size=${size} empty $root${mountPath}`,
    };
  }
  const { path = '', type = '' } = volume?.hostPath ?? {};
  const place = PLACES[type];
  if (place === undefined) throw new Error(`no such volume can be mounted at ${mountPath}: ${type}`);
  return { place: place(path, mountPath), mount: bind(path, mountPath, readOnly === true) };
}

/** Type of a host path -> what kubelet checks of it, and what the runtime makes to mount it on. */
const PLACES: Readonly<Record<string, (path: string, mountPath: string) => string>> = {
  File: (path, at) => `test -f ${path}; mkdir -p $root${dirname(at)}; touch $root${at}`,
  Directory: (path, at) => `test -d ${path}; mkdir -p $root${at}`,
  DirectoryOrCreate: (path, at) => `mkdir -p ${path} $root${at}`,
};

function bind(path: string, at: string, readOnly: boolean): string {
  const closing = readOnly ? `; mount -o remount,bind,ro $root${at}` : '';
  return `mount --bind ${path} $root${at}${closing}`;
}

export function containerOf({ containers: [container] }: V1PodSpec): V1Container {
  if (container === undefined) throw new Error('the pod has no container');
  return container;
}

/** Unpacks the image and writes a service account whose API is the Service's address. */
export async function preparePod(machine: Machine, pod: V1PodSpec): Promise<void> {
  const memoryLimit = containerOf(pod).resources?.limits?.memory?.replace('Mi', 'M') ?? '';
  const script = `
    mkdir -p ${ROOT} ${SERVICE_ACCOUNT}
    tar --ignore-zeros -xf ${dirname(machine.binary)}/${LAYER} -C ${ROOT}
    cp ${machine.labDirectory}/pki/ca.crt ${SERVICE_ACCOUNT}/ca.crt
    printf token > ${SERVICE_ACCOUNT}/token
    printf kube-system > ${SERVICE_ACCOUNT}/namespace
    echo '+memory +cpu' > /sys/fs/cgroup/cgroup.subtree_control
    mkdir -p ${CGROUP}
    echo ${memoryLimit} > ${CGROUP}/memory.max
  `;
  await machine.must(['bash', '-ec', script]);
  await machine.writeFile(LAUNCHER, LAUNCHER_TEXT);
}

/** Starts a program of the image on a host's network; same process id, so that signals reach it. */
export function startInPod(host: LabHost, pod: V1PodSpec, argv: readonly string[]): Promise<LabProcess> {
  return host.spawn(insidePod(pod, argv));
}

export function runInPod(host: LabHost, pod: V1PodSpec, argv: readonly string[]): Promise<RunResult> {
  return host.run(insidePod(pod, argv));
}

/** The environment that Kubernetes gives; the Service's address refuses, as where kube-proxy knows no endpoint of it. */
function insidePod(pod: V1PodSpec, argv: readonly string[]): string[] {
  const environment = [`KUBERNETES_SERVICE_HOST=${ipv4(GATEWAY)}`, 'KUBERNETES_SERVICE_PORT=443'];
  const script = `${mountScript(pod)}
    echo $$ > ${CGROUP}/cgroup.procs
    exec env -i ${environment.join(' ')} perl ${LAUNCHER} $root "$@"`;
  return ['unshare', '--mount', 'bash', '-ec', script, 'pod', ...argv];
}
