// What a release brings to a host: the one list of files from which the archives and packages are made.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BINARY_PATH } from '../image/config.ts';
import type { Entry } from '../image/contents.ts';
import { DIST, ROOT } from '../paths.ts';
import { type Arch, TARGETS } from '../targets.ts';
import { PACKAGED_UNITS } from './units.ts';
import { NAME } from './version.ts';

export interface Item {
  /** Below the one directory of a tar archive. */
  readonly archived: string;
  /** Where a package installs it. */
  readonly installed: string;
  readonly mode: number;
  readonly content: { readonly file: string } | { readonly text: string };
  /** For rpm, which can leave out documentation, though not licences. */
  readonly kind?: 'documentation' | 'licence';
}

const DOCUMENTATION = `/usr/share/doc/${NAME}`;
const UNITS = '/usr/lib/systemd/system';
/** What scripts/build makes for /usr/share: manual pages, completions. Not every version has it. */
const SHARE = join(DIST, 'share');

export function payload(arch: Arch): Item[] {
  const program = join(DIST, TARGETS[arch].file);
  return [
    { archived: NAME, installed: BINARY_PATH, mode: 0o755, content: { file: program } },
    documentation(join(ROOT, 'README.md'), 'documentation'),
    documentation(join(ROOT, 'CHANGELOG.md'), 'documentation'),
    documentation(join(ROOT, 'LICENSE'), 'licence'),
    documentation(join(DIST, 'THIRD_PARTY_LICENSES.txt'), 'licence'),
    ...Object.entries(PACKAGED_UNITS).map(([unit, text]) => ({
      archived: `systemd/${unit}`,
      installed: `${UNITS}/${unit}`,
      mode: 0o644,
      content: { text },
    })),
    ...shared(),
  ];
}

function documentation(file: string, kind: NonNullable<Item['kind']>): Item {
  const name = file.slice(file.lastIndexOf('/') + 1);
  return { archived: name, installed: `${DOCUMENTATION}/${name}`, mode: 0o644, content: { file }, kind };
}

function shared(): Item[] {
  if (!existsSync(SHARE)) return [];
  return readdirSync(SHARE, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(SHARE.length))
    .sort()
    .map(path => ({
      archived: `share${path}`,
      installed: `/usr/share${path}`,
      mode: 0o644,
      content: { file: join(SHARE, path) },
    }));
}

/** For writeTree(), at the places that `path` names. */
export function entriesOf(items: readonly Item[], path: (item: Item) => string): Entry[] {
  return items.map(item => {
    const { mode, content } = item;
    return 'file' in content
      ? { path: path(item), mode, kind: 'file', source: content.file }
      : { path: path(item), mode, kind: 'text', text: content.text };
  });
}
