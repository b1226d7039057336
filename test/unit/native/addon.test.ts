// Loading native code from memory: which directory is used, and what the user reads when there is none.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candidateDirectories, loadAddon } from '../../../src/lib/native/addon.ts';

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
          'tried /nonexistent: ENOENT; /etc/passwd: EEXIST',
        suggestions: [expect.stringContaining('TMPDIR')],
      }),
    );
  });

  test('that is to be loaded before the first init: the persist directory is made', () => {
    const directory = join(writable, 'new', '.bcs');
    expect(loadAddon(bytes, [directory])).toMatchObject({ load: expect.any(Function) });
    expect(readdirSync(directory)).toEqual([]);
  });

  test.each([
    [['init', '--persist-dir', '/data'], '/data'],
    [['init', '--persist-dir=/da=ta'], '/da=ta'],
    [['-cmd', 'init', '-persistDir', '/data'], '/data'],
    [['init'], '/root/.bcs'],
    [['init', '--persist-dir'], '/root/.bcs'],
  ])('%j: the last directory to try is %s', (argv, expected) => {
    expect(candidateDirectories({}, argv).at(-1)).toBe(expected);
  });
});
