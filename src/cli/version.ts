// What this program is. `--version` and `-v` are answered before anything else is loaded, in the form in which oclif
// prints it.
import packageJson from '../../package.json' with { type: 'json' };

/** Put in by the build (scripts/packaging/commit.ts); not there when the program runs from source. */
declare const BUILD_COMMIT: string | undefined;

export const VERSION = packageJson.version;
export const COMMIT = typeof BUILD_COMMIT === 'undefined' ? 'source' : BUILD_COMMIT;
export const PLATFORM = `${process.platform}-${process.arch}`;

export function versionLine(): string {
  return `${packageJson.name}/${VERSION} ${PLATFORM} node-${process.version}\n`;
}

/** Whether the arguments asked for the version, which is then printed. */
export function printVersion([first, second = '']: readonly string[]): boolean {
  // The original's -v was followed by the level of its log: cli/legacy-daemon.ts.
  if (first !== '--version' && (first !== '-v' || /^\d/.test(second))) return false;
  process.stdout.write(versionLine());
  return true;
}
