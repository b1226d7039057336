// Hands oclif a ready configuration and turns whatever comes back into an exit code.
import { Config, flush, run } from '@oclif/core';
import { inMemoryPlugin } from './plugin.ts';
import { reportFailure } from './report-failure.ts';

// Nothing is ever read below it: the plugin is in memory.
const ROOT = '/';

export async function runCommand(argv: string[]): Promise<number> {
  try {
    const plugin = inMemoryPlugin(ROOT);
    const config = await Config.load({
      root: ROOT,
      pjson: plugin.pjson,
      plugins: new Map([[plugin.name, plugin]]),
    });
    await run(argv, config);
    await flush();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return reportFailure(error);
  }
}
