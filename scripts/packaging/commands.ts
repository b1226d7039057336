// The command table as the sources have it now.
import packageJson from '../../package.json' with { type: 'json' };
import { type Command, commandTable } from '../../src/lib/completion/command-table.ts';
import { CONDITIONS } from '../../src/lib/status/conditions.ts';
import { renderManifest } from '../generate-manifest.ts';

export async function currentCommands(): Promise<Command[]> {
  const codes = CONDITIONS.map(({ code }) => code);
  return commandTable(JSON.parse(await renderManifest()), packageJson.name, codes);
}
