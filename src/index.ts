// The command line from arguments to exit code. `--version` is answered here, before oclif is loaded (20 ms).
import { normalizeArguments } from './cli/arguments.ts';
import { versionLine } from './cli/version.ts';

export async function run(argv: readonly string[]): Promise<number> {
  const args = normalizeArguments(argv, process.argv0);
  if (args[0] === '--version') {
    process.stdout.write(`${versionLine()}\n`);
    return 0;
  }
  const { runCommand } = await import('./cli/run-command.ts');
  return runCommand(args);
}
