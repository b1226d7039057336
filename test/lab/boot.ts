// Picks the machine that scenarios run on: LAB=qemu (default) or LAB=host.
import { useHost } from './host.ts';
import type { Machine } from './machine.ts';
import { bootQemu, type QemuOptions } from './qemu.ts';

export async function bootMachine(options: QemuOptions = {}): Promise<Machine> {
  const kind = process.env.LAB ?? 'qemu';
  if (kind === 'qemu') return await bootQemu(options);
  if (kind !== 'host') throw new Error(`LAB=${kind}: expected qemu or host.`);
  if (process.env.LAB_KERNEL || process.env.LAB_ARCH)
    throw new Error('LAB_KERNEL and LAB_ARCH choose a guest: LAB=host has the kernel that it has.');
  if (options.init === 'systemd')
    throw new Error('LAB=host cannot boot systemd. Use LAB=qemu for this test.');
  return await useHost(options.files);
}
