// A kernel without IPVS, or without the scheduler: which module is missing, what was changed before, what was not done,
// and nothing is persisted.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatPersisted } from '../../src/lib/store/persisted-set.ts';
import { hostFiles, jsonOf } from '../helpers/run-program.ts';
import { canSeal, sealedHost } from '../helpers/sealed-host.ts';
import { aSpec } from '../helpers/specs.ts';
import { contentsOf } from '../helpers/temp-dir.ts';

const INIT = ['init', '--vs', '10.99.0.1:6443', '--rs', '10.0.0.11:6443', '--no-service'];
const PACKAGES =
  "install the package that carries the running kernel's modules: linux-image-$(uname -r) on Debian, linux-modules-extra-$(uname -r) on Ubuntu, kernel-modules-$(uname -r) on RHEL and its relatives";
const ON_THE_HOST = 'in a container: load it on the host first, modules cannot be loaded from here';
const NOT_DONE =
  'Not done: kernel parameters, virtual server and real servers, local route of the VIP, persisted set, connection through the VIP.';

/** modprobe(8) that has all modules but these. */
const modprobeWithout = (...names: string[]): string =>
  `case "$1" in ${names.join('|')}) echo "modprobe: FATAL: Module $1 not found in directory /lib/modules/6.1.0" >&2; exit 1;; esac`;

describe.skipIf(!canSeal)('init names the module that is missing, and persists nothing', () => {
  test.each<[string, string | undefined, string[], string]>([
    [
      'IPVS itself',
      modprobeWithout('ip_vs'),
      [],
      'kernel module ip_vs cannot be loaded: modprobe: FATAL: Module ip_vs not found in directory /lib/modules/6.1.0',
    ],
    [
      'the scheduler',
      modprobeWithout('ip_vs_fo'),
      ['--scheduler', 'fo'],
      'kernel module ip_vs_fo cannot be loaded: modprobe: FATAL: Module ip_vs_fo not found in directory /lib/modules/6.1.0',
    ],
    [
      'and modprobe as well',
      undefined,
      [],
      'kernel module ip_vs cannot be loaded: modprobe is not installed',
    ],
    [
      'not to say why',
      'exit 1',
      [],
      'kernel module ip_vs cannot be loaded: Command failed with exit code 1: modprobe ip_vs',
    ],
  ])('%s', (_, modprobe, args, sentence) => {
    const before = hostFiles();
    const host = sealedHost(modprobe);
    const { exitCode, stdout, stderr } = host.run(...INIT, ...args);
    expect(stderr).toBe(
      [
        `Error: ${sentence}`,
        `Changed: nothing. ${NOT_DONE}`,
        `Try this: ${PACKAGES}`,
        `Try this: ${ON_THE_HOST}`,
        '',
      ].join('\n'),
    );
    expect(stdout.split('\n')[0]).toBe(`failed     kernel modules: ${sentence}`);
    expect(exitCode).toBe(1);
    expect([contentsOf(host.persistDir), host.etc()]).toEqual([{}, {}]);
    expect(hostFiles()).toEqual(before);
  });

  test('as JSON: what failed and what was not done', () => {
    const host = sealedHost(modprobeWithout('ip_vs'));
    const outcome = host.run(...INIT, '--json');
    expect(outcome).toMatchObject({ exitCode: 1, stderr: '' });
    const { tasks, error, changed } = jsonOf(outcome);
    expect({ changed, error }).toEqual({
      changed: false,
      error: {
        code: 'module-missing',
        message:
          'kernel module ip_vs cannot be loaded: modprobe: FATAL: Module ip_vs not found in directory /lib/modules/6.1.0',
        suggestions: [PACKAGES, ON_THE_HOST],
      },
    });
    expect((tasks as { status: string }[]).map(({ status }) => status)).toEqual([
      'failed',
      ...Array(5).fill('not-run'),
    ]);
  });
});

// modprobe claims to have loaded it, the kernel has none: only where the kernel that all namespaces share has none.
describe.skipIf(!canSeal || existsSync('/proc/net/ip_vs'))('init fails half-way', () => {
  test('it says what was changed before and what was not done, and persists nothing', () => {
    const host = sealedHost(modprobeWithout('tcp_diag'));
    const { exitCode, stdout, stderr } = host.run(...INIT);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'warning    kernel modules: write /etc/modules-load.d/bcs-apiserver-proxy.conf; module tcp_diag cannot be loaded (modprobe: FATAL: Module tcp_diag not found in directory /lib/modules/6.1.0)',
      'changed    kernel parameters: write /etc/sysctl.d/90-bcs-apiserver-proxy.conf',
      'failed     virtual server and real servers: this kernel has no IPVS: module ip_vs is not loaded',
    ]);
    expect(stderr).toBe(
      [
        'Error: this kernel has no IPVS: module ip_vs is not loaded',
        // The network namespace of this test is empty.
        'Error: no real server can be reached by any route, so no source address can be chosen for the local route of the VIP',
        'Changed: kernel modules, kernel parameters. Not done: persisted set, connection through the VIP.',
        'Try this: modprobe ip_vs',
        'Try this: bring the network up first',
        'Try this: or name an address of this host: --source-ip IP',
        '',
      ].join('\n'),
    );
    expect(exitCode).toBe(1);
    expect(contentsOf(host.persistDir)).toEqual({});
    expect(host.etc()).toEqual({
      'modules-load.d/bcs-apiserver-proxy.conf':
        '# Written by bcs-apiserver-proxy; "bcs-apiserver-proxy clean" removes it.\nip_vs\nip_vs_sh\ntcp_diag\nnf_conntrack_netlink\n',
      'sysctl.d/90-bcs-apiserver-proxy.conf':
        '# Written by bcs-apiserver-proxy; "bcs-apiserver-proxy clean" removes it.\n-net.ipv4.vs.conntrack = 1\n-net.ipv4.vs.expire_nodest_conn = 1\n',
    });
  });
});

describe.skipIf(!canSeal)('clean takes away the files that a failed init left', () => {
  test('a dry run is worded as one, changes nothing, and its exit code says whether there is something to do', () => {
    const host = sealedHost();
    const persisted = formatPersisted(aSpec());
    writeFileSync(join(host.persistDir, 'ipvsConfig.yaml'), persisted);
    expect(host.run('clean', '--dry-run')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^unchanged: virtual server 10\.99\.0\.1:6443$/m),
    });
    writeFileSync(join(host.persistDir, 'state.json'), '{"version":1,"sysctlsBefore":{}}');
    const { exitCode, stdout } = host.run('clean', '--dry-run');
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`to change  files: would remove ${host.persistDir}/state.json\n`);
    expect(stdout).toMatch(/^would change: virtual server 10\.99\.0\.1:6443$/m);
    expect(contentsOf(host.persistDir)).toHaveProperty('state.json');
  });

  test('and only those', () => {
    const host = sealedHost();
    const persisted = formatPersisted(aSpec());
    writeFileSync(join(host.persistDir, 'ipvsConfig.yaml'), persisted);
    writeFileSync(join(host.persistDir, 'state.json'), '{"version":1,"sysctlsBefore":{}}');
    expect(host.run('clean')).toEqual({
      exitCode: 0,
      stdout: `unchanged  services
unchanged  virtual server and route
unchanged  kernel parameters
changed    files: remove ${host.persistDir}/state.json
done: virtual server 10.99.0.1:6443
`,
      stderr: '',
    });
    expect(contentsOf(host.persistDir)).toEqual({ 'ipvsConfig.yaml': persisted });
  });

  test('--purge takes the persisted set and the directory as well, unless something else is in it', () => {
    const host = sealedHost();
    writeFileSync(join(host.persistDir, 'ipvsConfig.yaml'), formatPersisted(aSpec()));
    mkdirSync(join(host.persistDir, 'theirs'));
    expect(host.run('clean', '--purge')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(contentsOf(host.persistDir)).toEqual({ theirs: 'not a file' });
    expect(host.run('clean', '--purge', '--vs', '10.99.0.1:6443')).toEqual({
      exitCode: 0,
      stdout: `unchanged  services
unchanged  virtual server and route
unchanged  kernel parameters
unchanged  files
unchanged: virtual server 10.99.0.1:6443
`,
      stderr: '',
    });
  });
});
