// The programs of a cluster: Kubernetes in any version; etcd and the container runtime from Debian, unless they lie beside it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REPOSITORY } from '../../lab/paths.ts';

export const CLUSTER_CACHE = join(REPOSITORY, '.cache/cluster');

/** Built by build-kubernetes unless CLUSTER_KUBERNETES names another directory. */
const BUILT = join(CLUSTER_CACHE, 'kubernetes');

export const PROGRAMS = [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  ...['kubelet', 'kube-proxy', 'kubeadm', 'kubectl'],
] as const;
export type Program = (typeof PROGRAMS)[number];

/** The container runtime of the worker: these, where they are beside Kubernetes, instead of those of Debian 12. */
const RUNTIME = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc'];

export interface Binaries {
  readonly directory: string;
  /** "v1.20.2" */
  readonly version: string;
  readonly etcd: string;
  /** Path by name; without those that Debian 12's serve for. */
  readonly runtime: Readonly<Record<string, string>>;
  pathOf(program: Program): string;
}

/** Throws what is missing, and how it is made. */
export function findBinaries(): Binaries {
  const directory = resolve(process.env.CLUSTER_KUBERNETES || BUILT);
  const missing = PROGRAMS.filter(program => !existsSync(join(directory, program)));
  if (missing.length > 0)
    throw new Error(
      `${directory} lacks ${missing.join(', ')}. Unpack the server binaries of any version of Kubernetes there, or build Debian's: scripts/cluster build`,
    );
  const pathOf = (program: Program): string => join(directory, program);
  const version = execFileSync(pathOf('kubeadm'), ['version', '-o', 'short'], { encoding: 'utf8' }).trim();
  const beside = (name: string): string[] =>
    existsSync(join(directory, name)) ? [join(directory, name)] : [];
  const runtime = Object.fromEntries(RUNTIME.flatMap(name => beside(name).map(path => [name, path])));
  const [etcd = debianEtcd()] = beside('etcd');
  return { directory, version, etcd, runtime, pathOf };
}

export function buildKubernetes(): void {
  if (existsSync(BUILT)) return;
  execFileSync(join(import.meta.dirname, 'build-kubernetes'), [BUILT], { stdio: 'inherit' });
}

/** Unpacked, not installed: the package would start a server. */
function debianEtcd(): string {
  const program = join(CLUSTER_CACHE, 'etcd');
  if (existsSync(program)) return program;
  mkdirSync(CLUSTER_CACHE, { recursive: true });
  const work = mkdtempSync(join(CLUSTER_CACHE, 'etcd-'));
  try {
    const download =
      'apt-get download -qq -o APT::Sandbox::User=root etcd-server && dpkg-deb -x etcd-server_*.deb .';
    execFileSync('bash', ['-ec', download], { cwd: work });
    renameSync(join(work, 'usr/bin/etcd'), program);
  } finally {
    rmSync(work, { recursive: true });
  }
  return program;
}
