// Loading native code from memory: which directory is used, and what the user reads when there is none.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAddon } from '../../../src/lib/native/addon.ts';

const require = createRequire(import.meta.url);
const packageOfAddon = dirname(require.resolve(`@koromix/koffi-linux-${process.arch}/package.json`));
const bytes = readFileSync(join(packageOfAddon, `linux_${process.arch}/koffi.node`));

let writable: string;

beforeAll(() => {
  writable = join(mkdtempSync(join(tmpdir(), 'addon-test-')), 'writable');
  mkdirSync(writable);
});

afterAll(() => {
  rmSync(dirname(writable), { recursive: true });
});

describe('a native addon from memory', () => {
  test('is loaded through the first directory that works and leaves no file there', () => {
    const addon = loadAddon(bytes, ['/nonexistent', writable]);
    expect(addon).toMatchObject({ load: expect.any(Function), errno: expect.any(Function) });
    expect(readdirSync(writable)).toEqual([]);
  });

  test('that cannot be loaded anywhere is explained by directory', () => {
    expect(() => loadAddon(bytes, ['/nonexistent', '/etc/passwd'])).toThrow(
      expect.objectContaining({
        code: 'addon-not-loadable',
        message:
          'no directory in which native code can be written and executed, ' +
          'tried /nonexistent: ENOENT; /etc/passwd: ENOTDIR',
        suggestions: [expect.stringContaining('TMPDIR')],
      }),
    );
  });
});
