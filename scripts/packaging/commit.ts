// The commit that is built, for `version`. The same commit gives the same text, so that builds stay reproducible.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Twelve digits, "-dirty" behind them when tracked files were changed. Where there is no repository, as in the context of
 * a container build, SOURCE_COMMIT may say it; "unknown" where nobody does.
 */
export function commitOf(root: string, env: NodeJS.ProcessEnv = process.env): string {
  // Git would look further up, and name the commit of something else.
  if (!existsSync(join(root, '.git'))) return env.SOURCE_COMMIT || UNKNOWN;
  // Whoever builds as root, in a directory that is somebody else's, is asked to trust it; building has done so.
  const trust = ['-c', 'safe.directory=*'];
  const describe = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  try {
    return execFileSync('git', [...trust, ...describe], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return UNKNOWN; // no git, or no commit yet
  }
}

const UNKNOWN = 'unknown';
