// Temporary names are random. Where somebody has guessed one all the same, what stands there is neither followed nor written to.
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { writeFileAtomic } from '../../../src/lib/store/atomic-file.ts';
import { contentsOf, tempDir } from '../../helpers/temp-dir.ts';

vi.mock('node:crypto', async original => ({
  ...(await original<typeof import('node:crypto')>()),
  randomBytes: (length: number) => Buffer.alloc(length),
}));

const GUESSED = '.file.000000000000.tmp';

test.each([
  ['a link to a file', (directory: string) => symlinkSync('secret', join(directory, GUESSED))],
  ['a file that somebody keeps open', (directory: string) => writeFileSync(join(directory, GUESSED), '')],
])('%s in its place: nothing is written', (_, place) => {
  const directory = tempDir();
  writeFileSync(join(directory, 'secret'), 'as it was');
  place(directory);
  expect(() => writeFileAtomic(join(directory, 'file'), 'text\n')).toThrow(/cannot be written/);
  expect(contentsOf(directory)).toEqual({ secret: 'as it was' });
});
