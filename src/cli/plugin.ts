// Our commands as the one plugin that oclif sees, built in memory from the inlined manifest: oclif then neither
// scans directories nor reads package.json, so that it works inside a single executable file.
import type { Command, Interfaces } from '@oclif/core';
import manifest from '../../oclif.manifest.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { commandLoaders } from './commands.ts';

const pjson = {
  name: packageJson.name,
  version: packageJson.version,
  oclif: packageJson.oclif,
} as Interfaces.PJSON;

export function inMemoryPlugin(root: string): Interfaces.Plugin {
  const plugin: Interfaces.Plugin = {
    _base: 'in-memory',
    alias: pjson.name,
    commandIDs: Object.keys(manifest.commands),
    commands: [],
    commandsDir: undefined,
    findCommand,
    hasManifest: true,
    hooks: {},
    isRoot: true,
    load: async () => {},
    moduleType: 'commonjs',
    name: pjson.name,
    options: { root },
    pjson,
    root,
    topics: [],
    type: 'core',
    valid: true,
    version: pjson.version,
  };

  async function findCommand(id: string): Promise<Command.Class> {
    const load = commandLoaders[id];
    if (!load) throw new Error(`the manifest lists ${id}, which src/cli/commands.ts does not load`);
    const command = (await load()).default;
    command.id = id;
    command.plugin = plugin;
    return command;
  }

  plugin.commands = Object.entries(manifest.commands).map(
    ([id, cached]) => ({ ...cached, load: () => findCommand(id) }) as unknown as Command.Loadable,
  );
  return plugin;
}
