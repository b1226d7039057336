// Hands oclif a ready configuration and turns whatever comes back into an exit code.
import { Config, flush, run } from '@oclif/core';
import manifest from '../../oclif.manifest.json' with { type: 'json' };
import { UsageError } from '../lib/errors.ts';
import { didYouMean } from '../lib/model/nearest.ts';
import { printable } from '../lib/text.ts';
import { normalizeArguments } from './arguments.ts';
import { commandLoaders } from './commands.ts';
import { inMemoryPlugin } from './plugin.ts';
import { reportFailure } from './report-failure.ts';

// Nothing is ever read below it: the plugin is in memory.
const ROOT = '/';

const HELP_FLAGS = new Set(['--help', '-h']);

export async function runCommand(given: readonly string[], argv0: string): Promise<number> {
  try {
    const { argv, notes } = await normalizeArguments(given, argv0, process.env);
    for (const note of notes) process.stderr.write(`Note: ${printable(note)}\n`);
    const plugin = inMemoryPlugin(ROOT);
    const config = await Config.load({
      root: ROOT,
      pjson: plugin.pjson,
      plugins: new Map([[plugin.name, plugin]]),
    });
    refuseWhatNamesNoCommand(argv, config.bin);
    if (argv.length === 0 || argv.some(argument => HELP_FLAGS.has(argument))) {
      const { showHelp } = await import('./help.ts');
      showHelp(argv, config);
    } else {
      await run([...argv], config);
    }
    await flush();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return reportFailure(error);
  }
}

const TAKING_ARGUMENTS = new Set(
  Object.entries(manifest.commands).flatMap(([name, { args }]) => (Object.keys(args).length > 0 ? name : [])),
);

/** oclif would take `init extra` for the name of a command "init:extra", and `--vs` for one as well. */
function refuseWhatNamesNoCommand([name, next]: readonly string[], bin: string): void {
  if (name === undefined || HELP_FLAGS.has(name)) return;
  if (Object.hasOwn(commandLoaders, name)) {
    if (next === undefined || next.startsWith('-') || TAKING_ARGUMENTS.has(name)) return;
    throw new UsageError(`${next}: ${bin} ${name} takes no arguments; see ${bin} ${name} --help`);
  }
  const help = `see ${bin} --help`;
  if (name.startsWith('-')) throw new UsageError(`${name}: flags follow the name of a command; ${help}`);
  const hint = didYouMean(name, [...Object.keys(commandLoaders), 'help'], help);
  throw new UsageError(`${name}: unknown command; ${hint}`);
}
