// The command line from arguments to exit code. oclif is loaded only when a command or its help is wanted (15 ms).
import { normalizeArguments } from './cli/arguments.ts';
import { honourNoColor } from './cli/no-color.ts';
import { printVersion } from './cli/version.ts';

export async function run(argv: readonly string[]): Promise<number> {
  const args = normalizeArguments(argv, process.argv0);
  if (printVersion(args)) return 0;
  honourNoColor(process.env);
  const { runCommand } = await import('./cli/run-command.ts');
  return runCommand(args);
}
