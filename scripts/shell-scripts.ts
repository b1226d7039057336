// The shell scripts that git tracks, found by their first line: most of them have no suffix.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

const FIRST_LINE = /^#!\/(?:usr\/bin\/env |bin\/)(?:ba)?sh\b/;

export function trackedShellScripts(root: string): string[] {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  return tracked.split('\0').filter(path => path !== '' && FIRST_LINE.test(beginning(join(root, path))));
}

function beginning(path: string): string {
  const bytes = Buffer.alloc(32);
  const file = openSync(path, 'r');
  try {
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
