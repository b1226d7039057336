// Digests of the files of a release, and SHA256SUMS, as sha256sum --check reads it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Digest {
  readonly name: string;
  readonly sha256: string;
}

export function digestsOf(directory: string, names: readonly string[]): Digest[] {
  return names.toSorted().map(name => ({ name, sha256: sha256(readFileSync(join(directory, name))) }));
}

export function formatSums(digests: readonly Digest[]): string {
  return digests.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}

export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
