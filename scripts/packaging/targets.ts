// The two machines that a binary is built for, and what each is made of.
import { join } from 'node:path';
import { ROOT } from './paths.ts';

export type Arch = 'x64' | 'arm64';

export interface Target {
  readonly arch: Arch;
  /** As in binutils' tool names. */
  readonly gnuTriplet: string;
  readonly file: string;
}

export const TARGETS: Readonly<Record<Arch, Target>> = {
  x64: { arch: 'x64', gnuTriplet: 'x86_64-linux-gnu', file: 'bcs-apiserver-proxy-linux-x64' },
  arm64: { arch: 'arm64', gnuTriplet: 'aarch64-linux-gnu', file: 'bcs-apiserver-proxy-linux-arm64' },
};

export function hostTarget(): Target {
  const target = Object.values(TARGETS).find(({ arch }) => arch === process.arch);
  if (!target) throw new Error(`no binary is built for ${process.arch}`);
  return target;
}

export function installedPackage(name: string): string {
  return join(ROOT, 'node_modules', name);
}
