// What the version and the architectures are called by those who package for others.
import packageJson from '../../../package.json' with { type: 'json' };
import type { Arch } from '../targets.ts';

export const NAME = packageJson.name;
export const VERSION = packageJson.version;
export const SUMMARY = 'local IPVS virtual server of the kube-apiservers on every node';

/** Lines of at most 78 characters. */
export const DESCRIPTION = `Every Kubernetes node reaches its kube-apiservers through one address: a
kernel IPVS virtual server on the node itself, balanced over the masters.
A command sets it up before kubelet starts, and a small daemon keeps it
correct.

Nothing is enabled when the package is installed: see
/usr/share/doc/${NAME}/README.md.`;
export const LICENCE = packageJson.license;

export const DEBIAN_ARCHITECTURE: Readonly<Record<Arch, string>> = { x64: 'amd64', arm64: 'arm64' };
export const RPM_ARCHITECTURE: Readonly<Record<Arch, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** dpkg and rpm sort "1.0.0~rc.1" before "1.0.0", as semver sorts "1.0.0-rc.1". */
export function packageVersion(version: string): string {
  return version.replace('-', '~').replaceAll('-', '.');
}

export function tarballName(version: string, arch: Arch): string {
  return `${NAME}-${version}-linux-${arch}`;
}

export function debName(version: string, arch: Arch): string {
  return `${NAME}_${packageVersion(version)}_${DEBIAN_ARCHITECTURE[arch]}.deb`;
}

export function rpmName(version: string, arch: Arch): string {
  return `${NAME}-${packageVersion(version)}-1.${RPM_ARCHITECTURE[arch]}.rpm`;
}
