// Services from the command line, as far as that goes without systemd and from source: what is printed, what is
// refused, what stays as it was.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatPersisted } from '../../src/lib/store/persisted-set.ts';
import { restoreUnit } from '../../src/lib/systemd/unit.ts';
import { hostFiles, jsonOf, runProgram } from '../helpers/run-program.ts';
import { canSeal, sealedHost } from '../helpers/sealed-host.ts';
import { aSpec } from '../helpers/specs.ts';
import { contentsOf, tempDir } from '../helpers/temp-dir.ts';

const INIT = ['init', '--vs', '10.99.0.1:6443', '--rs', '10.0.0.11:6443'];
const FROM_SOURCE = 'a service needs the packed binary, and this program runs from its source';
const BUILD = 'build it with scripts/build, copy it to the node and run it there';

describe('install-service --print', () => {
  test('prints the unit, and touches nothing', () => {
    const before = hostFiles();
    const persistDir = join(tempDir(), 'persist');
    const text = restoreUnit({ binary: '/root/bcs-apiserver-proxy', persistDir, sysctl: true });
    const print = (...args: string[]) => runProgram(['install-service', '--print', ...args], { persistDir });
    expect(print()).toEqual({ exitCode: 0, stdout: text, stderr: '' });
    expect(jsonOf(print('--json'))).toEqual({ unit: 'bcs-apiserver-proxy.service', text });
    expect(hostFiles()).toEqual(before);
    expect(contentsOf(persistDir)).toEqual({});
  });

  test("the daemon's flags become the arguments of its unit", () => {
    const args = ['--role', 'daemon', '--vs', '10.99.0.1:6443', '--rs', '10.0.0.11:6443,10.0.0.12:6443'];
    const { stdout, exitCode } = runProgram([
      'install-service',
      '--print',
      ...args,
      '--binary',
      '/opt/proxy',
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      'ExecStart=/opt/proxy daemon --vs 10.99.0.1:6443 --rs 10.0.0.11:6443 --rs 10.0.0.12:6443 --persist-dir /nonexistent/bcs\n',
    );
  });
});

describe('wrong usage of install-service', () => {
  test.each<[string, string[], string]>([
    [
      "a daemon's flag for the boot restore",
      ['--vs', '10.99.0.1:6443'],
      '--vs: a flag of the daemon, and the boot restore applies what is persisted; leave it out, or give --role daemon',
    ],
    [
      'a value that the daemon refuses',
      ['--role', 'daemon', '--print', '--vs', '10.99.0.1:6443', '--fall', '0'],
      '--fall 0: a whole number from 1 to 10 is expected; more of them in a row delay a failover by minutes',
    ],
    [
      'a path that depends on where it was typed',
      ['--print', '--persist-dir', 'bcs'],
      '--persist-dir bcs: a service is started in another directory; give an absolute path',
    ],
    [
      'a path that would begin another line of the unit',
      ['--print', '--persist-dir', '/x\nExecStart=/bin/sh'],
      '--persist-dir /x\\x0aExecStart=/bin/sh: a path with line breaks or control characters cannot stand in a unit',
    ],
    [
      'the same in the path of the program',
      ['--print', '--binary', '/x\ny'],
      '--binary /x\\x0ay: a path with line breaks or control characters cannot stand in a unit',
    ],
  ])('%s', (_, args, sentence) => {
    expect(runProgram(['install-service', ...args])).toEqual({
      exitCode: 64,
      stdout: '',
      stderr: `Error: ${sentence}\n`,
    });
  });
});

describe.skipIf(!canSeal)('a service of the program as source', () => {
  test('is refused by init before anything is changed, and by install-service', () => {
    const host = sealedHost();
    const refusal = (more: string) => ({
      exitCode: 1,
      stdout: '',
      stderr: `Error: ${FROM_SOURCE}\nTry this: ${BUILD}\n${more}`,
    });
    expect(host.run(...INIT)).toEqual(refusal('Try this: or do without the boot service: --no-service\n'));
    expect(host.run('install-service')).toEqual(refusal(''));
    expect([contentsOf(host.persistDir), host.etc()]).toEqual([{}, {}]);
  });
});

describe.skipIf(!canSeal)('without systemd', () => {
  test('what install-service left in /etc/rc.local goes with clean', () => {
    const host = sealedHost();
    const block = '#!/bin/sh\n# BEGIN bcs-apiserver-proxy\nproxy sync &\n# END bcs-apiserver-proxy\nexit 0\n';
    writeFileSync(join(host.etcDir, 'rc.local'), block, { mode: 0o755 });
    const { exitCode, stdout } = host.run('clean', '--vs', '10.99.0.1:6443');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('changed    services: take our block out of /etc/rc.local\n');
    expect(host.etc()).toEqual({ 'rc.local': '#!/bin/sh\nexit 0\n' });
  });
});

describe.skipIf(!canSeal)('a read-only /etc', () => {
  const FILE = '/etc/modules-load.d/bcs-apiserver-proxy.conf';
  const REFUSAL = `Error: ${FILE} cannot be written: the file system is read-only\n`;

  test('init says so before anything is changed', () => {
    const host = sealedHost('exit 0', { readOnlyEtc: {} });
    expect(host.run(...INIT, '--no-service')).toEqual({ exitCode: 1, stdout: '', stderr: REFUSAL });
    expect([contentsOf(host.persistDir), host.etc()]).toEqual([{}, {}]);
  });

  test('so does clean, while there is something to remove', () => {
    const files = { 'modules-load.d/bcs-apiserver-proxy.conf': 'ip_vs\n' };
    const host = sealedHost(undefined, { readOnlyEtc: files });
    const persisted = { 'ipvsConfig.yaml': formatPersisted(aSpec()) };
    writeFileSync(join(host.persistDir, 'ipvsConfig.yaml'), persisted['ipvsConfig.yaml']);
    expect(host.run('clean', '--purge')).toEqual({ exitCode: 1, stdout: '', stderr: REFUSAL });
    expect([contentsOf(host.persistDir), host.etc()]).toEqual([persisted, files]);
  });
});
