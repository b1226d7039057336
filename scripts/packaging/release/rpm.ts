// A package for RHEL and its relatives, of either architecture, by rpmbuild. It finds out which libraries and symbol
// versions the binary needs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTree } from '../image/tree.ts';
import type { PackageOptions } from './deb.ts';
import { RPM_SCRIPTS } from './maintainer.ts';
import { entriesOf, type Item } from './payload.ts';
import { DESCRIPTION, LICENCE, NAME, packageVersion, RPM_ARCHITECTURE, rpmName, SUMMARY } from './version.ts';

/** Of the time and the machine of the build nothing is left, and the binary stays as it is: a stripped one crashes. */
const MACROS: Readonly<Record<string, string>> = {
  _buildhost: 'localhost',
  _build_id_links: 'none',
  __os_install_post: '%{nil}',
  clamp_mtime_to_source_date_epoch: '1',
  debug_package: '%{nil}',
  source_date_epoch_from_changelog: '0',
  use_source_date_epoch_as_buildtime: '1',
};

const ATTRIBUTES = { documentation: '%doc ', licence: '%license ', other: '' };

/** Uses `work`, an empty directory. */
export function writeRpm(output: string, work: string, options: PackageOptions): void {
  const { arch, version, items, epoch, level } = options;
  const tree = join(work, 'tree');
  writeTree(
    tree,
    entriesOf(items, ({ installed }) => installed),
  );
  const spec = join(work, `${NAME}.spec`);
  writeFileSync(spec, specFile(options, tree));
  const top = join(work, 'rpmbuild');
  mkdirSync(top);
  const macros = { ...MACROS, _topdir: top, _rpmdir: work, _binary_payload: `w${level}.xzdio` };
  execFileSync(
    'rpmbuild',
    [
      ...['-bb', '--quiet', '--target', `${RPM_ARCHITECTURE[arch]}-linux`],
      ...Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]),
      spec,
    ],
    {
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', SOURCE_DATE_EPOCH: String(epoch) },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  renameSync(join(work, RPM_ARCHITECTURE[arch], rpmName(version, arch)), output);
}

function specFile({ version, items }: PackageOptions, tree: string): string {
  return `Name: ${NAME}
Version: ${packageVersion(version)}
Release: 1
Summary: ${SUMMARY.replace(/^./, letter => letter.toUpperCase())}
License: ${LICENCE}
Group: System Environment/Daemons
Recommends: kmod

%description
${DESCRIPTION}

%install
cp -a '${tree}/.' '%{buildroot}/'

%files
%defattr(-,root,root,-)
%dir /usr/share/doc/${NAME}
${items.map(fileLine).join('\n')}

${Object.entries(RPM_SCRIPTS)
  .map(([section, text]) => `${section}\n${text.replaceAll('%', '%%')}`)
  .join('\n')}`;
}

function fileLine({ installed, mode, kind }: Item): string {
  return `%attr(0${mode.toString(8)}, root, root) ${ATTRIBUTES[kind ?? 'other']}${installed}`;
}
