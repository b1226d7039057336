// Modules, parameters, privileges and other programs: what can be seen of them on any host, and every text.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { exec } from '../../../src/lib/host/exec.ts';
import { formatModulesFile, isModuleLoaded, neededModules } from '../../../src/lib/host/modules.ts';
import { formatSysctlFile, procSysctls, WANTED_SYSCTLS } from '../../../src/lib/host/sysctl.ts';

describe('exec', () => {
  test('gives the output of a program that succeeds', async () => {
    expect(await exec('echo', ['a  b'], 5_000)).toEqual({ ok: true, problem: '', stdout: 'a  b' });
  });

  test('passes arguments as they are: there is no shell', async () => {
    const { stdout } = await exec('echo', ['$HOME; ls *'], 5_000);
    expect(stdout).toBe('$HOME; ls *');
  });

  test('gives what a program that fails wrote to standard error, in one line', async () => {
    const { ok, problem } = await exec('sh', ['-c', 'echo one >&2; echo two >&2; exit 3'], 5_000);
    expect({ ok, problem }).toEqual({ ok: false, problem: 'one; two' });
  });

  test('names the exit code of a program that fails in silence', async () => {
    const { problem } = await exec('sh', ['-c', 'exit 3'], 5_000);
    expect(problem).toBe("Command failed with exit code 3: sh -c 'exit 3'");
  });

  test('a program that is not installed', async () => {
    const { ok, problem } = await exec('no-such-program', [], 5_000);
    expect({ ok, problem }).toEqual({ ok: false, problem: 'no-such-program is not installed' });
  });

  test('a program that does not end is ended', async () => {
    const { ok, problem } = await exec('sleep', ['60'], 300);
    expect({ ok, problem }).toEqual({ ok: false, problem: 'sleep did not end within 0.3 s' });
  });

  test('a program that waits for input gets none', async () => {
    expect(await exec('cat', [], 5_000)).toEqual({ ok: true, problem: '', stdout: '' });
  });
});

describe('modules', () => {
  test('what is needed: IPVS, its scheduler, what breaks idle connections, and what finds them', () => {
    expect(neededModules('sh')).toEqual(['ip_vs', 'ip_vs_sh', 'tcp_diag', 'nf_conntrack_netlink']);
  });

  test('one that no kernel has is not loaded', () => {
    expect(isModuleLoaded('no_such_module')).toBe(false);
  });

  test('the file for modules-load.d(5)', () => {
    expect(formatModulesFile(['ip_vs', 'ip_vs_sh'])).toBe(
      '# Written by bcs-apiserver-proxy; "bcs-apiserver-proxy clean" removes it.\nip_vs\nip_vs_sh\n',
    );
  });
});

describe('kernel parameters', () => {
  test('one that every kernel has is read without its newline', () => {
    expect(procSysctls.read('net.ipv4.ip_forward')).toMatch(/^[01]$/);
  });

  test('one that this kernel lacks is undefined', () => {
    expect(procSysctls.read('net.ipv4.vs.no_such_parameter')).toBeUndefined();
  });

  test('one that cannot be written: the object, the reason, and what to type', () => {
    expect(() => procSysctls.write('net.ipv4.no_such_parameter', '1')).toThrow(
      expect.objectContaining({
        code: 'sysctl-not-writable',
        message: expect.stringMatching(
          /^kernel parameter net\.ipv4\.no_such_parameter cannot be set to 1: (ENOENT|EACCES)$/,
        ),
        suggestions: [
          'on the host: sysctl -w net.ipv4.no_such_parameter=1',
          'or leave kernel parameters alone with --no-sysctl',
        ],
      }),
    );
  });

  test('the file for sysctl.d(5); a kernel without the parameter does not complain', () => {
    expect(formatSysctlFile(WANTED_SYSCTLS)).toBe(
      [
        '# Written by bcs-apiserver-proxy; "bcs-apiserver-proxy clean" removes it.',
        '-net.ipv4.vs.conntrack = 1',
        '-net.ipv4.vs.expire_nodest_conn = 1',
        '',
      ].join('\n'),
    );
  });
});

describe.skipIf(process.getuid?.() !== 0)('the capability CAP_NET_ADMIN', () => {
  const MODULE = new URL('../../../src/lib/host/capability.ts', import.meta.url).href;
  const SCRIPT = `import { hasNetAdmin } from '${MODULE}'; console.log(hasNetAdmin());`;

  test.each([
    [
      'is what counts, not the user: root without it',
      ['--bounding-set=-net_admin', '--inh-caps=-all'],
      'false',
    ],
    ['is seen among others', ['--bounding-set=-all,+net_admin,+dac_override', '--inh-caps=-all'], 'true'],
    [
      'an ordinary user who was given it',
      [
        '--reuid=65534',
        '--clear-groups',
        '--inh-caps=+net_admin,+dac_override',
        '--ambient-caps=+net_admin,+dac_override',
      ],
      'true',
    ],
  ])('%s', (_, privileges, seen) => {
    const args = [...privileges, process.execPath, '--input-type=module-typescript', '--eval', SCRIPT];
    expect(execFileSync('setpriv', args, { encoding: 'utf8' }).trim()).toBe(seen);
  });
});
