// The archive for hosts without a package manager of ours: one directory, compressed with zstd.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { tarOf, writeTree } from '../image/tree.ts';
import { entriesOf, type Item } from './payload.ts';

export interface TarballOptions {
  /** Of the directory. */
  readonly name: string;
  readonly items: readonly Item[];
  readonly epoch: number;
  /** zstd's, 1 to 19. */
  readonly level: number;
}

/** Uses `work`, an empty directory. */
export function writeTarball(output: string, work: string, options: TarballOptions): void {
  const { name, items, epoch, level } = options;
  const tree = join(work, 'tree');
  writeTree(
    tree,
    entriesOf(items, ({ archived }) => `${name}/${archived}`),
  );
  const tar = join(work, 'archive.tar');
  tarOf(tree, tar, { epoch });
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  writeFileSync(output, zstdCompressSync(readFileSync(tar), { params }));
}
