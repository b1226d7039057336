// What the build calls the commit that it builds.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitOf, dateOf } from '../../../scripts/packaging/commit.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

/** Without the configuration of whoever runs the tests. */
const ENV = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.org' },
  ...{ GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.org' },
};

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, env: ENV, encoding: 'utf8' }).trim();
}

/** A repository with one commit, and a tag, which must not stand for it. */
function repository(): string {
  const root = tempDir();
  git(root, 'init', '--quiet');
  writeFileSync(join(root, 'file'), 'one\n');
  git(root, 'add', 'file');
  git(root, 'commit', '--quiet', '--message', 'one');
  git(root, 'tag', '--annotate', '--message', 'one', 'v1');
  return root;
}

test('twelve digits, and whether tracked files were changed', () => {
  const root = repository();
  const commit = git(root, 'rev-parse', '--short=12', 'HEAD');
  expect(commitOf(root, {})).toBe(commit);
  writeFileSync(join(root, 'other'), 'untracked\n');
  expect(commitOf(root, {})).toBe(commit);
  writeFileSync(join(root, 'file'), 'two\n');
  expect(commitOf(root, {})).toBe(`${commit}-dirty`);
});

test('a repository is believed, not the environment', () => {
  const root = repository();
  expect(commitOf(root, { SOURCE_COMMIT: 'abc' })).toBe(git(root, 'rev-parse', '--short=12', 'HEAD'));
});

test('no repository, even inside of one: what the environment says, or unknown', () => {
  const inside = join(repository(), 'inside');
  mkdirSync(inside);
  expect(commitOf(inside, { SOURCE_COMMIT: '0123456789ab' })).toBe('0123456789ab');
  expect(commitOf(inside, { SOURCE_COMMIT: '' })).toBe('unknown');
  expect(commitOf(inside, {})).toBe('unknown');
});

test('the day is that of the commit, not of the build', () => {
  const root = repository();
  const date = '2001-02-03T23:30:00+0800';
  const env = { ...ENV, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  execFileSync('git', ['commit', '--quiet', '--allow-empty', '--message', 'two'], { cwd: root, env });
  expect(dateOf(root)).toBe('2001-02-03');
});

test('a repository without a commit', () => {
  const root = tempDir();
  git(root, 'init', '--quiet');
  expect(commitOf(root, {})).toBe('unknown');
  expect(dateOf(root)).toBe('');
});
