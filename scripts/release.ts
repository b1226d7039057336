// Makes dist/release from a clone without changes; docs/release.md says what is in it. --draft: dist/release-draft, of
// this machine's architecture, from any tree, from the binary that scripts/build made, compressed quickly: for the tests.
// --output DIR: somewhere else.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { headCommit } from './packaging/commit.ts';
import { DIST, ROOT } from './packaging/paths.ts';
import { changelogEntry } from './packaging/release/changelog.ts';
import { writeRelease } from './packaging/release/release.ts';
import { requireSigners, sign } from './packaging/release/sign.ts';
import { VERSION } from './packaging/release/version.ts';
import { type Arch, hostTarget } from './packaging/targets.ts';

/** The least that a tool can do, and the most that is worth its time: docs/release.md has figures. */
const QUICK = { xz: 0, zstd: 1 };
const THOROUGH = { xz: 6, zstd: 19 };

const { values } = parseArgs({
  options: { draft: { type: 'boolean', default: false }, output: { type: 'string' } },
});
const { draft } = values;
const output = values.output ?? join(DIST, draft ? 'release-draft' : 'release');
const architectures: Arch[] = draft ? [hostTarget().arch] : ['x64', 'arm64'];

try {
  await release();
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function release(): Promise<void> {
  changelogEntry(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'), VERSION);
  requireSigners(process.env);
  if (!draft) {
    requireClean('commit or undo that first (--draft takes it as it is)');
    execFileSync(process.execPath, ['scripts/build.ts', '--all'], { cwd: ROOT, stdio: 'inherit' });
    requireClean('the build writes generated files anew: commit them');
  }
  const partial = `${output}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const levels = draft ? QUICK : THOROUGH;
  const lines = await writeRelease(partial, { architectures, commit: headCommit(), levels });
  sign(partial, 'SHA256SUMS', process.env);
  if (existsSync(output)) rmSync(output, { recursive: true });
  renameSync(partial, output);
  console.log(`${lines.join('\n')}\n${output}`);
}

function requireClean(remedy: string): void {
  if (headCommit().dirty) throw new Error(`files differ from the commit: ${remedy}`);
}
