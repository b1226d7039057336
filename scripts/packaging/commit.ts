// The commit that is built: what `version`, labels and the provenance name. Its time stands for that of the build, in time
// stamps and man pages, so that the same commit gives the same bytes.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.ts';

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

export interface Commit {
  /** Its hash; with "-dirty" behind it where files differ from it. */
  readonly revision: string;
  /** When it was made, in seconds since 1970. */
  readonly epoch: number;
  readonly dirty: boolean;
}

/** Throws where there is no repository: what is published says what it was made from. */
export function headCommit(directory = ROOT): Commit {
  const [hash = '', epoch] = git(directory, 'log', '-1', '--format=%H %ct')?.split(' ') ?? [];
  if (hash === '') throw new Error(`${directory} is no git repository with a commit`);
  const dirty = git(directory, 'status', '--porcelain') !== '';
  return { revision: dirty ? `${hash}-dirty` : hash, epoch: Number(epoch), dirty };
}

/** "2026-11-27T06:00:00Z" */
export function isoTime(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
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
