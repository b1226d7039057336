// A directory from entries, and a tar file from a directory: the same bytes each time, whoever builds and when.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

/** Of a file that writeTree() makes, in bytes. */
export function sizeOf(entry: Extract<Entry, { kind: 'file' | 'text' }>): number {
  return entry.kind === 'file' ? statSync(entry.source).size : Buffer.byteLength(entry.text);
}

/** Whatever the umask is. */
function makeDirectory(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
}

export interface TarOptions {
  /** As of chmod(1); stands for that of the files. */
  readonly mode?: string;
  /** Stands for the time of the files; by default the beginning of time. */
  readonly epoch?: number;
  /** These only, and of directories not what is in them. */
  readonly members?: readonly string[];
}

/** Sorted, owned by root. */
export function tarOf(
  directory: string,
  output: string,
  { mode, epoch = 0, members }: TarOptions = {},
): void {
  execFileSync('tar', [
    ...(mode === undefined ? [] : [`--mode=${mode}`]),
    ...(members === undefined ? [] : ['--no-recursion']),
    ...['--create', '--file', output, '--format=ustar', '--sort=name', `--mtime=@${epoch}`],
    ...['--owner=0', '--group=0', '--numeric-owner', '--directory', directory],
    ...(members ?? readdirSync(directory).sort()),
  ]);
}
