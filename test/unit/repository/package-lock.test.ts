// `npm ci` refuses a lock file that is not whole. npm leaves out optional packages that it could not fetch when it wrote
// the file, and merging or copying may leave out more.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };

interface LockedPackage {
  devDependencies?: Record<string, string>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(
  readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8'),
) as { packages: Record<string, LockedPackage> };

/** Whether `name`, required by the package at `path`, is found in one of the node_modules above it. */
function isLocked(path: string, name: string): boolean {
  const inside = path === '' ? '' : `${path}/`;
  if (packages[`${inside}node_modules/${name}`] !== undefined) return true;
  if (path === '') return false;
  return isLocked(path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name);
}

test('package-lock.json holds every dependency of every package, optional ones of other platforms as well', () => {
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter(name => !isLocked(path, name))
      .map(name => `${name}, wanted by ${path}`),
  );
  expect(missing).toEqual([]);
});

test('package-lock.json was written for the dependencies that package.json has now', () => {
  const { dependencies, devDependencies } = packages[''] ?? {};
  expect({ dependencies, devDependencies }).toEqual({
    dependencies: packageJson.dependencies,
    devDependencies: packageJson.devDependencies,
  });
});
