// What a package must ask of a Debian: the versions of the C and C++ runtime whose symbols the binary names. rpmbuild
// finds out by itself.
import { execFileSync } from 'node:child_process';

/** The first major of GCC whose libstdc++ has them: "ABI Policy and Guidelines" of its manual. */
const LIBSTDCXX: Readonly<Record<string, string>> = {
  '3.4.21': '5',
  '3.4.22': '6',
  '3.4.24': '7',
  '3.4.25': '8',
};

/** Debian 10 has libgcc under its older name. */
export function debianDepends(binary: string): string {
  const libstdcxx = LIBSTDCXX[newestSymbol(binary, 'GLIBCXX')];
  if (libstdcxx === undefined) throw new Error(`${binary} needs a libstdc++ that nobody has looked up`);
  return `libc6 (>= ${newestSymbol(binary, 'GLIBC')}), libgcc-s1 | libgcc1, libstdc++6 (>= ${libstdcxx})`;
}

function newestSymbol(binary: string, prefix: string): string {
  const text = execFileSync('readelf', ['-V', '-W', binary], { encoding: 'utf8' });
  const versions = [...text.matchAll(new RegExp(`Name: ${prefix}_([0-9.]+)`, 'g'))].map(
    ([, found = '']) => found,
  );
  const newest = versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new Error(`${binary} names no ${prefix}`);
  return newest;
}
