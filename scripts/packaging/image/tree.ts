// A directory from entries, and a tar file from a directory: the same bytes each time, whoever builds and when.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Entry } from './contents.ts';

/** `root` is made; it must not exist. */
export function writeTree(root: string, entries: readonly Entry[]): void {
  makeDirectory(root);
  for (const entry of entries) {
    const path = join(root, entry.path);
    makeDirectory(entry.kind === 'directory' ? path : dirname(path));
    if (entry.kind === 'link') {
      symlinkSync(entry.target, path);
      continue;
    }
    if (entry.kind === 'file') copyFileSync(entry.source, path);
    if (entry.kind === 'text') writeFileSync(path, entry.text);
    chmodSync(path, entry.mode);
  }
}

/** Whatever the umask is. */
function makeDirectory(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
}

/** Sorted, owned by root, from the beginning of time. `mode`, as of chmod(1), stands for that of the files. */
export function tarOf(directory: string, output: string, mode?: string): void {
  execFileSync('tar', [
    ...(mode === undefined ? [] : [`--mode=${mode}`]),
    ...['--create', '--file', output, '--format=ustar', '--sort=name', '--mtime=@0'],
    ...['--owner=0', '--group=0', '--numeric-owner', '--directory', directory],
    ...readdirSync(directory).sort(),
  ]);
}
