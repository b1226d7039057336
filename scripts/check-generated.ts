// Fails when oclif.manifest.json, docs/commands.md or a file of deploy/ is stale, or when the manifest and the list of
// command loaders name different commands.
import { readFileSync } from 'node:fs';
import { commandLoaders } from '../src/cli/commands.ts';
import { staleDeployFiles } from './generate-deploy.ts';
import { MANIFEST_PATH, renderManifest } from './generate-manifest.ts';
import { REFERENCE_PATH, renderReference } from './generate-reference.ts';

/** What is wrong, one sentence each; empty when all is well. */
export async function staleFiles(): Promise<string[]> {
  const rendered = await renderManifest();
  const problems: string[] = [];
  if (readFileSync(MANIFEST_PATH, 'utf8') !== rendered) {
    problems.push('oclif.manifest.json is stale: run node scripts/generate-manifest.ts');
  }
  if (readFileSync(REFERENCE_PATH, 'utf8') !== (await renderReference())) {
    problems.push('docs/commands.md is stale: run node scripts/generate-reference.ts');
  }
  for (const path of staleDeployFiles())
    problems.push(`${path} is stale: run node scripts/generate-deploy.ts`);
  const files = Object.keys(JSON.parse(rendered).commands).sort().join(' ');
  const loaders = Object.keys(commandLoaders).sort().join(' ');
  if (files !== loaders) {
    problems.push(`src/commands has ${files}, but src/cli/commands.ts loads ${loaders}`);
  }
  return problems;
}

if (import.meta.main) {
  const problems = await staleFiles();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
