// Builds dist/ and renews oclif.manifest.json and docs/commands.md: the bundle, the packed binary of this machine
// (--all: of both architectures), their hashes and the licences of what they contain, man pages and completions.
// --check-reproducible: twice, and compares.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { MANIFEST_PATH, renderManifest } from './generate-manifest.ts';
import { REFERENCE_PATH, renderReference } from './generate-reference.ts';
import { packBinary } from './packaging/binary.ts';
import { bundleProgram } from './packaging/bundle.ts';
import { thirdPartyLicenses } from './packaging/licenses.ts';
import { DIST } from './packaging/paths.ts';
import { writeShared } from './packaging/share.ts';
import { hostTarget, TARGETS } from './packaging/targets.ts';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    'check-reproducible': { type: 'boolean', default: false },
  },
});

const sums = await build();
process.stdout.write(sums);
if (values['check-reproducible'] && (await build()) !== sums) {
  throw new Error('the second build differs from the first');
}

/** Returns the text of SHA256SUMS. */
async function build(): Promise<string> {
  mkdirSync(DIST, { recursive: true });
  writeFileSync(MANIFEST_PATH, await renderManifest());
  writeFileSync(REFERENCE_PATH, await renderReference());
  await writeShared(join(DIST, 'share'));
  writeFileSync(join(DIST, 'THIRD_PARTY_LICENSES.txt'), thirdPartyLicenses(await bundleProgram()));
  let sums = '';
  for (const target of values.all ? Object.values(TARGETS) : [hostTarget()]) {
    sums += sha256Line(await packBinary(target, DIST));
  }
  writeFileSync(join(DIST, 'SHA256SUMS'), sums);
  return sums;
}

function sha256Line(file: string): string {
  return `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}\n`;
}
