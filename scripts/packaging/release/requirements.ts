// What a package must ask of a Debian: the versions of the C and C++ runtime whose symbols the binary names. rpmbuild
// finds out by itself.
import { execFileSync } from 'node:child_process';

/** Of GCC's majors, the newest symbol version of its libstdc++: "ABI Policy and Guidelines" of its manual. */
const LIBSTDCXX = [
  ['5', '3.4.21'],
  ['6', '3.4.22'],
  ['7', '3.4.24'],
  ['8', '3.4.25'],
] as const;

/** Debian 10 has libgcc under its older name. */
export function debianDepends(binary: string): string {
  const symbols = newestSymbol(binary, 'GLIBCXX');
  const [libstdcxx] = LIBSTDCXX.find(([, newest]) => compare(newest, symbols) >= 0) ?? [];
  if (libstdcxx === undefined)
    throw new Error(`${binary} wants GLIBCXX_${symbols}: look up which GCC brought it`);
  return `libc6 (>= ${newestSymbol(binary, 'GLIBC')}), libgcc-s1 | libgcc1, libstdc++6 (>= ${libstdcxx})`;
}

function newestSymbol(binary: string, prefix: string): string {
  const text = execFileSync('readelf', ['-V', '-W', binary], { encoding: 'utf8' });
  const versions = [...text.matchAll(new RegExp(`Name: ${prefix}_([0-9.]+)`, 'g'))].map(
    ([, found = '']) => found,
  );
  const newest = versions.toSorted(compare).at(-1);
  if (newest === undefined) throw new Error(`${binary} names no ${prefix}`);
  return newest;
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
