// Which guest the lab boots: LAB_KERNEL names its kernel, LAB_ARCH its architecture, and LAB_SLOWNESS says how slow the
// machine is. What differs between architectures,
// for QEMU and for the disk, is here.
import type { Arch } from '../../scripts/packaging/targets.ts';

/** Debian suites whose kernel can be booted, oldest first; user space is that of bookworm whatever the kernel. */
export const KERNELS = ['bullseye', 'bookworm', 'trixie', 'trixie-backports'] as const;
export type Kernel = (typeof KERNELS)[number];

export interface Variant {
  readonly kernel: Kernel;
  readonly arch: Arch;
  /** By what times that were measured on an idle machine on x64 are multiplied before they are asserted or waited for. */
  readonly slowness: number;
}

export interface Architecture {
  /** As Debian calls it. */
  readonly debian: string;
  readonly qemu: { readonly program: string; readonly package: string; readonly machine: readonly string[] };
  /** The start of the kernel's command line. */
  readonly parameters: string;
  /** Where LAB_SLOWNESS says nothing else. */
  readonly slowness: number;
}

export const ARCHITECTURES: Readonly<Record<Arch, Architecture>> = {
  x64: {
    debian: 'amd64',
    qemu: {
      program: 'qemu-system-x86_64',
      package: 'qemu-system-x86',
      // `max` pretends to have five levels of page tables, which every miss of the emulated TLB would walk.
      machine: ['-cpu', 'max,la57=off,+invtsc'],
    },
    // The emulated time-stamp counter is the host's. Without being told so the kernel reads the HPET instead, a device that
    // costs a trip out of the guest for each look at the clock, and Node looks often.
    parameters: 'console=ttyS0 tsc=reliable',
    slowness: 1,
  },
  arm64: {
    debian: 'arm64',
    qemu: {
      program: 'qemu-system-aarch64',
      package: 'qemu-system-arm',
      // A server's core of 2019: atomic instructions, and no signed pointers, which are slow to emulate.
      machine: ['-machine', 'virt', '-cpu', 'neoverse-n1'],
    },
    parameters: 'console=ttyAMA0',
    slowness: 3,
  },
};

export function chosenVariant(env: NodeJS.ProcessEnv = process.env): Variant {
  const arch = oneOf('LAB_ARCH', env.LAB_ARCH || 'x64', ['x64', 'arm64']);
  const slowness = Number(env.LAB_SLOWNESS || ARCHITECTURES[arch].slowness);
  if (!(slowness >= 1 && slowness <= 10))
    throw new Error(`LAB_SLOWNESS=${env.LAB_SLOWNESS}: expected a number from 1 to 10.`);
  return { kernel: oneOf('LAB_KERNEL', env.LAB_KERNEL || 'bookworm', KERNELS), arch, slowness };
}

function oneOf<T extends string>(variable: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find(each => each === value);
  if (found !== undefined) return found;
  throw new Error(`${variable}=${value}: expected one of ${allowed.join(', ')}.`);
}

/** What a guest is for: the scenarios of the lab, or a worker of a real cluster (docs/cluster.md). */
export type Purpose = 'image' | 'worker';

/** The directory of its disk and kernel under .cache/lab, for what they are made of. */
export function imageName(
  { kernel, arch }: Pick<Variant, 'kernel' | 'arch'>,
  hash: string,
  purpose: Purpose = 'image',
): string {
  return `${purpose}-${kernel}-${arch}-${hash}`;
}

/** Those of `names` that a newly built image replaces: earlier ones of the same guest, never those of another. */
export function replacedImages(
  names: readonly string[],
  variant: Pick<Variant, 'kernel' | 'arch'>,
  purpose: Purpose = 'image',
): string[] {
  // The first images were of one guest only, and had no name for it.
  const own = new RegExp(`^${purpose}-(${variant.kernel}-${variant.arch}-)?[0-9a-f]{12}(\\..*)?$`);
  return names.filter(name => own.test(name));
}
