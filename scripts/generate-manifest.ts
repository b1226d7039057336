// Writes oclif.manifest.json: what oclif knows about each command without loading it. The build inlines it.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core/config';

export const MANIFEST_PATH = fileURLToPath(new URL('../oclif.manifest.json', import.meta.url));

/** The manifest's text, from the command classes in src/commands. */
export async function renderManifest(): Promise<string> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const plugin = new Plugin({ root, isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  return `${JSON.stringify(plugin.manifest, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(MANIFEST_PATH, await renderManifest());
