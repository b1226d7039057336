// The packages, installed, upgraded and removed by dpkg and rpm on a small Debian: what is there afterwards, and what the
// services are told. Stopping never tears down: not even removing a package touches rules or the persisted set.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BINARY_PATH } from '../../scripts/packaging/image/config.ts';
import { packageDirectory } from '../../scripts/packaging/npm-packages.ts';
import { writeDeb } from '../../scripts/packaging/release/deb.ts';
import { payload } from '../../scripts/packaging/release/payload.ts';
import { writeRpm } from '../../scripts/packaging/release/rpm.ts';
import { PACKAGED_UNITS } from '../../scripts/packaging/release/units.ts';
import { debName, rpmName, VERSION } from '../../scripts/packaging/release/version.ts';
import { DAEMON_UNIT, RESTORE_UNIT } from '../../src/lib/systemd/unit.ts';
import { runBinary } from './binary.ts';
import { PackageHost, prepareBase } from './package-host.ts';
import { HOST, releaseFile } from './release.ts';

interface Kind {
  readonly name: string;
  readonly file: string;
  readonly write: typeof writeDeb;
  install(host: PackageHost, file: string): void;
  remove(host: PackageHost): void;
  /** What differs from what was installed. */
  verify(host: PackageHost): string;
  /** What systemctl is told after a removal or an upgrade, beside what both kinds do. */
  readonly afterwards: { readonly upgrade: string[]; readonly removal: string[] };
}

/** Debian's rpm wants to be told that it is meant; dependencies are known to dpkg alone. */
const rpm = (host: PackageHost, ...args: string[]): string => {
  const own = ['--root', host.root, '--dbpath', '/var/lib/rpm', '--nodeps'];
  return execFileSync('rpm', [...own, ...args], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
};

const intoHost = (host: PackageHost, file: string): string => {
  copyFileSync(file, join(host.root, 'package'));
  return '/package';
};

const KINDS: readonly Kind[] = [
  {
    name: 'deb',
    file: releaseFile(debName(VERSION, HOST)),
    write: writeDeb,
    install: (host, file) => void host.must('dpkg', '--install', intoHost(host, file)),
    remove: host => void host.must('dpkg', '--remove', 'bcs-apiserver-proxy'),
    verify: host => host.run('dpkg', '--verify', 'bcs-apiserver-proxy').stdout,
    afterwards: { upgrade: [], removal: ['daemon-reload'] },
  },
  {
    name: 'rpm',
    file: releaseFile(rpmName(VERSION, HOST)),
    write: writeRpm,
    install: (host, file) => void rpm(host, '--force-debian', '--upgrade', file),
    remove: host => void rpm(host, '--force-debian', '--erase', 'bcs-apiserver-proxy'),
    verify: host => rpm(host, '--verify', 'bcs-apiserver-proxy'),
    afterwards: { upgrade: ['daemon-reload'], removal: ['daemon-reload'] },
  },
];

/** Before and behind that of the release, with a small file in place of the program: quick to make and to unpack. */
const OLDER = '0.0.1';
const NEWER = '99.0.0';
const SENTINEL = '/root/.bcs/ipvsConfig.yaml';
const CALLS = '/var/log/calls';
/** As install-service writes it for a file. */
const unitFor = (binary: string): string => `[Service]\nExecStart=${binary} daemon --vs 10.99.0.1:6443\n`;

let work: string;
const stubs = new Map<string, string>();
const stub = (kind: Kind, version: string): string => stubs.get(`${kind.name} ${version}`) ?? '';

/** It names a glibc and a libstdc++, as the program does. */
const SMALL = join(packageDirectory(`@koromix/koffi-linux-${HOST}`), `linux_${HOST}/koffi.node`);

beforeAll(() => {
  if (process.getuid?.() !== 0) return;
  prepareBase();
  work = mkdtempSync(join(tmpdir(), 'packages-test-'));
  const items = payload(HOST).map(item =>
    item.installed === BINARY_PATH ? { ...item, content: { file: SMALL } } : item,
  );
  for (const { name, write } of KINDS) {
    for (const version of [OLDER, NEWER]) {
      const file = join(work, `${version}.${name}`);
      const directory = mkdtempSync(join(work, `${name}-`));
      write(file, directory, { arch: HOST, version, items, epoch: 1_800_000_000, level: 0 });
      stubs.set(`${name} ${version}`, file);
    }
  }
}, 900_000);

afterAll(() => {
  if (work) rmSync(work, { recursive: true });
});

/** What an interactive shell does at the first tab behind the program's name. */
const TAB = `
source /usr/share/bash-completion/bash_completion
_completion_loader bcs-apiserver-proxy
function=$(complete -p bcs-apiserver-proxy | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
COMP_LINE='bcs-apiserver-proxy ins' COMP_POINT=23 COMP_WORDS=(bcs-apiserver-proxy ins) COMP_CWORD=1
compopt() { :; }
$function bcs-apiserver-proxy ins bcs-apiserver-proxy
printf '%s\\n' "\${COMPREPLY[@]}"`;

/** From now on the program only writes down that it was called. */
function watchProgram(host: PackageHost): void {
  host.write(BINARY_PATH, `#!/bin/sh\necho "$*" >> ${CALLS}\n`, 0o755);
}

describe.skipIf(process.getuid?.() !== 0).each(KINDS)('the $name', kind => {
  const { file, install, remove, verify, afterwards } = kind;

  test('brings the program, units that are not enabled, and licences; systemd is told', () => {
    const host = new PackageHost({ systemd: true });
    install(host, file);
    expect(host.commands()).toEqual(['daemon-reload']);
    expect(verify(host)).toBe('');
    expect(host.must(BINARY_PATH, '--version')).toBe(runBinary(['--version']).stdout);
    const status = host.run(BINARY_PATH, 'status', '--no-probe');
    expect(status.stderr).toBe('');
    expect(status.stdout).toMatch(/^(DOWN|UNKNOWN) /);
    for (const [unit, text] of Object.entries(PACKAGED_UNITS)) {
      expect(host.read(`/usr/lib/systemd/system/${unit}`)).toBe(text);
      expect(host.isEnabled(unit)).toBe(false);
    }
    for (const name of ['LICENSE', 'THIRD_PARTY_LICENSES.txt', 'README.md', 'CHANGELOG.md'])
      expect(host.read(`/usr/share/doc/bcs-apiserver-proxy/${name}`)).not.toBe('');
  });

  test('brings man pages and completion, which man and a tab find', () => {
    const host = new PackageHost({ systemd: false });
    install(host, file);
    const page = host.must('man', '--pager=cat', 'bcs-apiserver-proxy');
    expect(page).toMatch(/^NAME\n\s+bcs-apiserver-proxy - \S/m);
    expect(host.must('man', '--pager=cat', 'bcs-apiserver-proxy-init')).toContain('--vs');
    expect(host.must('bash', '--norc', '-c', TAB)).toContain('install-service\n');
    remove(host);
    expect(host.run('man', 'bcs-apiserver-proxy').status).not.toBe(0);
  });

  test('without systemd nobody is told anything, and what was enabled is disabled by its removal', () => {
    const host = new PackageHost({ systemd: false });
    install(host, stub(kind, OLDER));
    host.enableAndStart(RESTORE_UNIT);
    install(host, stub(kind, NEWER));
    expect(host.commands()).toEqual([]);
    remove(host);
    expect(host.commands()).toEqual([`--quiet disable ${RESTORE_UNIT}`]);
    expect(host.isEnabled(RESTORE_UNIT)).toBe(false);
  });

  test('an upgrade restarts a daemon that runs this file, and no other', () => {
    const host = new PackageHost({ systemd: true });
    install(host, stub(kind, OLDER));
    host.enableAndStart(DAEMON_UNIT);
    host.enableAndStart(RESTORE_UNIT);
    host.write(SENTINEL, 'the set');
    host.commands();
    watchProgram(host);
    install(host, file);
    expect(verify(host)).toBe('');
    expect(host.commands()).toEqual(['daemon-reload', `try-restart ${DAEMON_UNIT}`, ...afterwards.upgrade]);
    expect([host.isEnabled(DAEMON_UNIT), host.isEnabled(RESTORE_UNIT)]).toEqual([true, true]);
    expect(host.has(CALLS)).toBe(false);
    expect(host.read(SENTINEL)).toBe('the set');
    expect(host.must(BINARY_PATH, '--version')).toBe(runBinary(['--version']).stdout);
  });

  test('an upgrade leaves a daemon alone that runs a copy elsewhere, and so does the removal', () => {
    const host = new PackageHost({ systemd: true });
    install(host, stub(kind, OLDER));
    const unit = unitFor('/root/bcs-apiserver-proxy');
    host.write(`/etc/systemd/system/${DAEMON_UNIT}`, unit);
    host.enableAndStart(DAEMON_UNIT);
    host.commands();
    install(host, stub(kind, NEWER));
    expect(host.commands()).toEqual(['daemon-reload', ...afterwards.upgrade]);
    remove(host);
    expect(host.commands()).toEqual(afterwards.removal);
    expect(host.read(`/etc/systemd/system/${DAEMON_UNIT}`)).toBe(unit);
    expect(host.isEnabled(DAEMON_UNIT)).toBe(true);
  });

  test('its removal stops and disables what runs it, and leaves rules, persisted set and settings', () => {
    const host = new PackageHost({ systemd: true });
    install(host, stub(kind, OLDER));
    const unit = unitFor(BINARY_PATH);
    host.write(`/etc/systemd/system/${DAEMON_UNIT}`, unit);
    host.enableAndStart(DAEMON_UNIT);
    host.enableAndStart(RESTORE_UNIT);
    host.write(SENTINEL, 'the set');
    host.commands();
    watchProgram(host);
    remove(host);
    expect(host.commands()).toEqual([
      ...[`stop ${DAEMON_UNIT}`, `--quiet disable ${DAEMON_UNIT}`],
      ...[`stop ${RESTORE_UNIT}`, `--quiet disable ${RESTORE_UNIT}`],
      ...afterwards.removal,
    ]);
    expect(host.has(CALLS), 'the program was called').toBe(false);
    expect(host.read(SENTINEL)).toBe('the set');
    expect(host.read(`/etc/systemd/system/${DAEMON_UNIT}`)).toBe(unit);
    const gone = [
      BINARY_PATH,
      `/usr/lib/systemd/system/${DAEMON_UNIT}`,
      '/usr/share/doc/bcs-apiserver-proxy',
    ];
    expect(gone.filter(path => host.has(path))).toEqual([]);
    expect(host.has('/usr/local/bin'), 'a directory of the host').toBe(true);
  });
});

describe.skipIf(process.getuid?.() !== 0)('purging the deb', () => {
  test.each([
    [BINARY_PATH, false],
    ['/root/bcs-apiserver-proxy', true],
  ])('the unit that install-service wrote for %s stays: %s', (binary, stays) => {
    const host = new PackageHost({ systemd: true });
    host.must('dpkg', '--install', intoHost(host, stub(KINDS[0] as Kind, OLDER)));
    host.write(`/etc/systemd/system/${DAEMON_UNIT}`, unitFor(binary));
    host.write(SENTINEL, 'the set');
    host.must('dpkg', '--purge', 'bcs-apiserver-proxy');
    expect(host.has(`/etc/systemd/system/${DAEMON_UNIT}`)).toBe(stays);
    expect(host.read(SENTINEL)).toBe('the set');
  });
});
