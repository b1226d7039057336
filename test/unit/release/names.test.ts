// What packages are called, and the units in them.
import { expect, test } from 'vitest';
import { BINARY_PATH } from '../../../scripts/packaging/image/config.ts';
import { arArchive } from '../../../scripts/packaging/release/ar.ts';
import { PACKAGED_UNITS } from '../../../scripts/packaging/release/units.ts';
import { debName, packageVersion, rpmName } from '../../../scripts/packaging/release/version.ts';
import { DAEMON_UNIT, daemonUnit, RESTORE_UNIT, restoreUnit } from '../../../src/lib/systemd/unit.ts';

test.each([
  ['1.2.3', '1.2.3'],
  ['1.2.3-rc.1', '1.2.3~rc.1'],
  // rpm allows no hyphen.
  ['1.2.3-rc-1', '1.2.3~rc.1'],
])('version %s is %s for dpkg and rpm', (version, expected) => {
  expect(packageVersion(version)).toBe(expected);
});

test('files have the names that the tools expect', () => {
  expect(debName('1.0.0-rc.1', 'arm64')).toBe('bcs-apiserver-proxy_1.0.0~rc.1_arm64.deb');
  expect(rpmName('1.0.0', 'arm64')).toBe('bcs-apiserver-proxy-1.0.0-1.aarch64.rpm');
});

test('the units of a package are those of install-service but for the comment above them', () => {
  const withoutComments = (text = ''): string => text.replaceAll(/^#.*\n/gm, '');
  const common = { binary: BINARY_PATH, persistDir: '/root/.bcs' };
  const daemon = daemonUnit({
    ...common,
    args: ['--kubeconfig', '/etc/kubernetes/kubelet.conf'],
    modules: ['ip_vs', 'ip_vs_sh', 'tcp_diag', 'nf_conntrack_netlink'],
  });
  expect(Object.keys(PACKAGED_UNITS)).toEqual([RESTORE_UNIT, DAEMON_UNIT]);
  expect(withoutComments(PACKAGED_UNITS[RESTORE_UNIT])).toBe(
    withoutComments(restoreUnit({ ...common, sysctl: true })),
  );
  expect(withoutComments(PACKAGED_UNITS[DAEMON_UNIT])).toBe(withoutComments(daemon));
  for (const text of Object.values(PACKAGED_UNITS)) {
    expect(text).toMatch(/^# Of the package /);
    expect(text).not.toContain('--uninstall');
  }
});

test('the members of an ar file begin at even offsets', () => {
  const archive = arArchive(
    [
      { name: 'odd', content: Buffer.from('abc') },
      { name: 'even', content: Buffer.from('de') },
    ],
    1_000_000_000,
  );
  const header = (name: string, size: number): string =>
    `${name.padEnd(16)}1000000000  0     0     100644  ${String(size).padEnd(10)}\`\n`;
  expect(archive.toString()).toBe(`!<arch>\n${header('odd', 3)}abc\n${header('even', 2)}de`);
});
