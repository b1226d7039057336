// A Debian package, without dpkg-deb: that one would list /usr/local among the package's directories.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarOf, writeTree } from '../image/tree.ts';
import type { Arch } from '../targets.ts';
import { arArchive, type Member } from './ar.ts';
import { DEBIAN_SCRIPTS } from './maintainer.ts';
import { entriesOf, type Item } from './payload.ts';
import { debianDepends } from './requirements.ts';
import { DEBIAN_ARCHITECTURE, DESCRIPTION, NAME, packageVersion, SUMMARY } from './version.ts';

export interface PackageOptions {
  readonly arch: Arch;
  readonly version: string;
  readonly items: readonly Item[];
  readonly epoch: number;
  /** xz's, 0 to 9. */
  readonly level: number;
}

/** Policy wants a name and an address. */
const MAINTAINER = 'The bcs-apiserver-proxy authors <maintainers@bcs-apiserver-proxy.invalid>';
const NOT_OURS = new Set(['usr/local', 'usr/local/bin']);

/** Uses `work`, an empty directory. */
export function writeDeb(output: string, work: string, options: PackageOptions): void {
  const { epoch, level } = options;
  const [data, control] = [join(work, 'data'), join(work, 'control')];
  writeTree(data, [...entriesOf(options.items, ({ installed }) => installed), copyright(options.items)]);
  writeControl(control, data, options);
  const member = (name: string, directory: string): Member => {
    const tar = join(work, `${name}.tar`);
    tarOf(directory, tar, { epoch, members: ['.', ...pathsOf(directory).map(path => `./${path}`)] });
    return { name: `${name}.tar.xz`, content: xz(tar, level) };
  };
  const members = [
    { name: 'debian-binary', content: Buffer.from('2.0\n') },
    member('control', control),
    member('data', data),
  ];
  writeFileSync(output, arArchive(members, epoch));
}

/** Under the name that Debian has for it. */
function copyright(items: readonly Item[]) {
  const licence = items.find(({ archived }) => archived === 'LICENSE');
  if (!licence || !('file' in licence.content)) throw new Error('LICENSE is not in the list of files');
  const others =
    'The licences of what the program contains are in THIRD_PARTY_LICENSES.txt beside this file.';
  return {
    path: `/usr/share/doc/${NAME}/copyright`,
    mode: 0o644,
    kind: 'text' as const,
    text: `${readFileSync(licence.content.file, 'utf8')}\n${others}\n`,
  };
}

function writeControl(directory: string, data: string, options: PackageOptions): void {
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const files = pathsOf(data).filter(path => lstatSync(join(data, path)).isFile());
  const write = (name: string, text: string, mode: number): void => {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), mode);
  };
  const size = files.reduce((sum, path) => sum + Math.ceil(lstatSync(join(data, path)).size / 1024), 0);
  write('control', controlFile(options, size), 0o644);
  write('md5sums', files.map(path => `${md5(join(data, path))}  ${path}\n`).join(''), 0o644);
  for (const [name, text] of Object.entries(DEBIAN_SCRIPTS)) write(name, text, 0o755);
}

function controlFile({ arch, version, items }: PackageOptions, size: number): string {
  const [program] = items;
  if (!program || !('file' in program.content)) throw new Error('the program is not the first of the files');
  return `Package: ${NAME}
Version: ${packageVersion(version)}
Architecture: ${DEBIAN_ARCHITECTURE[arch]}
Maintainer: ${MAINTAINER}
Installed-Size: ${size}
Depends: ${debianDepends(program.content.file)}
Recommends: kmod
Section: admin
Priority: optional
Description: ${SUMMARY}
${DESCRIPTION.split('\n').map(continued).join('\n')}
`;
}

/** As deb-control(5) has the lines of a long description. */
function continued(line: string): string {
  return line === '' ? ' .' : ` ${line}`;
}

/** All below a directory but what belongs to no package, sorted. */
function pathsOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(path => !NOT_OURS.has(path))
    .sort();
}

function xz(file: string, level: number): Buffer {
  // One thread: with more, the file is cut into blocks, and a little larger.
  const args = ['--stdout', '--threads=1', `-${level}`, file];
  return execFileSync('xz', args, { maxBuffer: 2 ** 30 });
}

function md5(file: string): string {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
