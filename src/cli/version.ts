// The version line, in the form in which oclif prints it.
import packageJson from '../../package.json' with { type: 'json' };

export function versionLine(): string {
  return `${packageJson.name}/${packageJson.version} ${process.platform}-${process.arch} node-${process.version}`;
}
