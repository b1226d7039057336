// `--version`, answered before anything else is loaded, in the form in which oclif prints it.
import packageJson from '../../package.json' with { type: 'json' };

/** Whether the arguments asked for the version, which is then printed. */
export function printVersion(argv: readonly string[]): boolean {
  if (argv[0] !== '--version') return false;
  const { name, version } = packageJson;
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
  return true;
}
