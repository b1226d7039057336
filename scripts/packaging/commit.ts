// The commit that is built, for `version`, and its day, for man pages. The same commit gives the same texts, so that
// builds stay reproducible.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Twelve digits, "-dirty" behind them when tracked files were changed. Where there is no repository, as in the context of
 * a container build, SOURCE_COMMIT may say it; "unknown" where nobody does.
 */
export function commitOf(root: string, env: NodeJS.ProcessEnv = process.env): string {
  const commit = git(root, 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*');
  return commit ?? (env.SOURCE_COMMIT || 'unknown');
}

/** The day of the commit, YYYY-MM-DD; empty where there is no repository. */
export function dateOf(root: string): string {
  return git(root, 'log', '-1', '--format=%cs') ?? '';
}

/** Undefined without git, without a repository, and before the first commit. */
function git(root: string, ...args: readonly string[]): string | undefined {
  // Git would look further up, and answer for something else.
  if (!existsSync(join(root, '.git'))) return undefined;
  // Whoever builds as root, in a directory that is somebody else's, is asked to trust it; building has done so.
  const trust = ['-c', 'safe.directory=*'];
  try {
    return execFileSync('git', [...trust, ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
