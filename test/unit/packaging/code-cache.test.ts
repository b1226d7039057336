// Who writes the code cache: a Node of the binary's own architecture.
import { expect, test } from 'vitest';
import { nodeCommand } from '../../../scripts/packaging/code-cache.ts';
import { TARGETS } from '../../../scripts/packaging/targets.ts';

const never = (): string => {
  throw new Error('not asked for');
};

test('this Node for this architecture, and nothing is fetched', () => {
  expect(nodeCommand(TARGETS.x64, 'x64', { node: never, libraries: never })).toEqual([process.execPath]);
});

test.each([
  ['arm64', 'x64', 'qemu-aarch64'],
  ['x64', 'arm64', 'qemu-x86_64'],
] as const)('of %s on %s: its Node, emulated, with its own libraries', (arch, here, emulator) => {
  const foreign = { node: () => '/node', libraries: () => '/libraries' };
  expect(nodeCommand(TARGETS[arch], here, foreign)).toEqual([emulator, '-L', '/libraries', '/node']);
});
