// What a service may run: this very program, in a place that only root can write.
import { chmodSync, chownSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireSafe, serviceBinary } from '../../../src/lib/operations/service-binary.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const isRoot = process.getuid?.() === 0;

/** A file of the system that root owns, below directories that root owns. */
const SYSTEM = '/usr/bin/env';

test('a program of the system is, for that program', () => {
  expect(requireSafe(SYSTEM, SYSTEM)).toBe(SYSTEM);
});

test('the program as source is not a file that could run as a service', () => {
  expect(() => serviceBinary(undefined)).toThrow(
    'a service needs the packed binary, and this program runs from its source',
  );
});

describe('refused', () => {
  function aCopy(): string {
    const path = join(tempDir(), 'proxy');
    copyFileSync(SYSTEM, path);
    chmodSync(path, 0o755);
    return path;
  }

  function refusal(path: string, running = SYSTEM): string {
    try {
      return requireSafe(path, running);
    } catch (error) {
      return (error as Error).message.replaceAll(/\S*\/bcs-apiserver-proxy-test-[^/:\s]*/g, 'DIR');
    }
  }

  const because = (why: string) => `DIR/proxy cannot be what a service runs as root: ${why}`;

  test('a file that is not there', () => {
    expect(refusal(join(tempDir(), 'proxy'))).toBe(because('it is not there'));
  });

  test('a directory, and a file that is not executable', () => {
    const path = aCopy();
    chmodSync(path, 0o644);
    expect(refusal(path)).toBe(because('it is no executable file'));
    const directory = join(tempDir(), 'proxy');
    mkdirSync(directory);
    expect(refusal(directory)).toBe(because('it is no executable file'));
  });

  test('another program, of another size or of the same', () => {
    const path = aCopy();
    writeFileSync(path, 'another program\n');
    expect(refusal(path)).toBe(because('it is not this program'));
    const twin = join(tempDir(), 'twin');
    writeFileSync(twin, 'another PROGRAM\n');
    expect(refusal(path, twin)).toBe(because('it is not this program'));
  });

  test.skipIf(!isRoot)('what belongs to somebody else', () => {
    const path = aCopy();
    chownSync(path, 65534, 65534);
    expect(refusal(path)).toBe(because('it does not belong to root'));
  });

  test.skipIf(!isRoot).each([0o775, 0o757])('what others can write: mode %o', mode => {
    const path = aCopy();
    chmodSync(path, mode);
    expect(refusal(path)).toBe(because('it can be written by others than root'));
  });

  test.skipIf(!isRoot)('a copy in a directory that others can write, also by way of a symbolic link', () => {
    const path = aCopy();
    const link = join(tempDir(), 'link');
    symlinkSync(path, link);
    for (const way of [path, link])
      expect(refusal(way)).toMatch(
        /^DIR\/proxy cannot .*: its directory \S+ can be written by others than root$/,
      );
  });
});
