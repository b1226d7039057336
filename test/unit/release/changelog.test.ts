// CHANGELOG.md has what a release asks of it.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { changelogEntry } from '../../../scripts/packaging/release/changelog.ts';

const CHANGELOG = readFileSync(new URL('../../../CHANGELOG.md', import.meta.url), 'utf8');

test('CHANGELOG.md has an entry of the version in package.json, with a date that exists', () => {
  const { date } = changelogEntry(CHANGELOG, packageJson.version);
  expect(new Date(date).toISOString().slice(0, 10)).toBe(date);
});

describe('an entry', () => {
  const text = '# Changelog\n\n## [1.1.0] - 2026-02-01\n\n- two\n\n## [1.0.0] - 2026-01-01\n\n- one\n';

  test('is what stands below its heading', () => {
    expect(changelogEntry(text, '1.0.0')).toEqual({ date: '2026-01-01', text: '- one' });
    expect(changelogEntry(text, '1.1.0')).toEqual({ date: '2026-02-01', text: '- two' });
  });

  test.each([
    ['of another version', text, '1.2.0'],
    ['of which the version is only a part', text, '1.0'],
    ['without a date', '## [1.0.0]\n\n- one\n', '1.0.0'],
    ['that is not released', '## [Unreleased]\n\n- one\n', '1.0.0'],
    ['with nothing in it', '## [1.0.0] - 2026-01-01\n\n## [0.9.0] - 2026-01-01\n\n- one\n', '1.0.0'],
  ])('%s is none', (_, changelog, version) => {
    expect(() => changelogEntry(changelog, version)).toThrow(`CHANGELOG.md has no entry "## [${version}]`);
  });
});
