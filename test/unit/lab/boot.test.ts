// What cannot be booted is refused before anything is made.
import { afterEach, expect, test, vi } from 'vitest';
import { bootMachine } from '../../lab/boot.ts';

afterEach(() => vi.unstubAllEnvs());

test.each(['LAB_KERNEL', 'LAB_ARCH'])('%s chooses a guest, and is refused with LAB=host', async variable => {
  vi.stubEnv('LAB', 'host');
  vi.stubEnv(variable, variable === 'LAB_ARCH' ? 'x64' : 'bookworm');
  await expect(bootMachine()).rejects.toThrow('LAB=host has the kernel that it has');
});
