// What the packed binary asks of a host: the libraries and symbol versions that the README promises suffice.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { BINARY } from './binary.ts';

const readelf = (option: string) => execFileSync('readelf', [option, '-W', BINARY], { encoding: 'utf8' });

/** The greatest of the versions that the binary wants under a name, e.g. GLIBC. */
function newest(prefix: string): string | undefined {
  const wanted = [...readelf('-V').matchAll(new RegExp(`Name: ${prefix}_([0-9.]+)`, 'g'))].map(
    match => match[1],
  );
  return wanted.toSorted((a = '', b = '') => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

describe('the packed binary', () => {
  test('needs only libraries of the C and C++ runtime', () => {
    const libraries = [...readelf('-d').matchAll(/NEEDED.*\[(.*)\]/g)].map(match => match[1]);
    expect(libraries.toSorted()).toEqual([
      expect.stringMatching(/^ld-linux-/),
      'libc.so.6',
      'libdl.so.2',
      'libgcc_s.so.1',
      'libm.so.6',
      'libpthread.so.0',
      'libstdc++.so.6',
    ]);
  });

  test('runs with glibc 2.28 and the libstdc++ of GCC 5', () => {
    expect({ glibc: newest('GLIBC'), glibcxx: newest('GLIBCXX') }).toEqual({
      glibc: '2.28',
      glibcxx: '3.4.21',
    });
  });
});
