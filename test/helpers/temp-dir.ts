// A directory of its own for each test file, gone afterwards.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Removed when the test that asked for it is over. */
export function tempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'bcs-apiserver-proxy-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** What a directory holds: names below it with the contents of files, sorted. Empty when it does not exist. */
export function contentsOf(directory: string): Record<string, string> {
  if (statSync(directory, { throwIfNoEntry: false }) === undefined) return {};
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    paths.map(path => {
      const stat = statSync(join(directory, path));
      return [path, stat.isFile() ? readFileSync(join(directory, path), 'utf8') : 'not a file'];
    }),
  );
}
