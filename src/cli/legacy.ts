// Invocations of the original program, as ours: its tool by name or by -cmd, its daemon by flags without a command, and
// the entry point of its container. docs/migration.md has the tables. Pure.
import { quoteForShell } from '../lib/host/shell.ts';
import type { Arguments } from './arguments.ts';
import { translateContainer, translateDaemon } from './legacy-daemon.ts';
import { nameOf } from './legacy-flags.ts';
import { translateTool } from './legacy-tool.ts';

const HELP = ['-h', '-help', '--help'];

/** Undefined when the arguments are none of the original's. Throws UsageError. */
export function translate(
  argv: readonly string[],
  name: string,
  env: NodeJS.ProcessEnv,
): Arguments | undefined {
  const tool = name.endsWith('-tools') || argv.some(word => nameOf(word) === 'cmd');
  if (tool && argv.some(word => HELP.includes(word))) return help();
  const translated = tool
    ? translateTool(argv)
    : name === 'container-start.sh'
      ? translateContainer(argv, env)
      : translateDaemon(argv);
  if (translated === undefined) return undefined;
  const line = translated.argv.map(quoteForShell).join(' ');
  return {
    ...translated,
    notes: [...translated.notes, `this is the old form of: bcs-apiserver-proxy ${line}`],
  };
}

function help(): Arguments {
  const note =
    'the old form still works: -cmd init, reload, add and delete are init, sync --from persisted, sync --add and clean --force of bcs-apiserver-proxy';
  return { argv: ['--help'], notes: [note] };
}
