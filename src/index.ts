// The command line from arguments to exit code. oclif is loaded only when a command or its help is wanted (15 ms).
import { honourNoColor } from './cli/no-color.ts';
import { printVersion } from './cli/version.ts';

export async function run(argv: readonly string[]): Promise<number> {
  if (printVersion(argv)) return 0;
  honourNoColor(process.env);
  const { runCommand } = await import('./cli/run-command.ts');
  return runCommand(argv, process.argv0);
}
