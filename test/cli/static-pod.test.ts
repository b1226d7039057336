// `install-service --role static-pod`: the manifest for kubelet's directory, how it gets there and how it goes again.
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { hostFiles, jsonOf, runProgram } from '../helpers/run-program.ts';
import { canSeal, sealedHost } from '../helpers/sealed-host.ts';

const VS = ['--vs', '10.99.0.1:6443'];
const INSTALL = ['install-service', '--role', 'static-pod'];
const FILE = '/etc/kubernetes/manifests/bcs-apiserver-proxy.yaml';
const SUBJECT = 'static pod bcs-apiserver-proxy';
const env = { BCS_APISERVER_PROXY_PERSIST_DIR: '' };

function print(...flags: string[]) {
  return runProgram([...INSTALL, '--print', ...flags], { env });
}

describe('--print', () => {
  test('prints the manifest, filled in with the flags, and touches nothing', async () => {
    const before = hostFiles();
    const { exitCode, stdout, stderr } = print(
      ...[...VS, '--scheduler', 'rr', '--source-ip', '10.0.0.21', '--listen', '10.0.0.21:9000'],
      ...['--image', 'registry.example:5000/infra/proxy:1.2', '--persist-dir', '/var/lib/proxy'],
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot('../golden/manifests/static-pod.yaml');
    expect(hostFiles()).toEqual(before);
  });

  test('as JSON it is the same pod', () => {
    expect(jsonOf(print(...VS, '--json'))).toEqual(parse(print(...VS).stdout));
  });
});

describe('refused, with the reason', () => {
  test.each<[string[], string]>([
    [
      ['-f', '/etc/proxy.yaml'],
      '--config /etc/proxy.yaml: a file of a host is not in the pod; give what it says as flags',
    ],
    [
      ['--ca-file', '/etc/kubernetes/pki/ca.crt'],
      '--ca-file /etc/kubernetes/pki/ca.crt: a file of a host is not in the pod; the CA in the kubeconfig is used; leave it out',
    ],
    ...['token-file', 'client-certificate', 'client-key'].map((name): [string[], string] => [
      [`--${name}`, '/srv/x'],
      `--${name} /srv/x: a file of a host is not in the pod; probes need none, as 401 counts as ready; leave it out`,
    ]),
    [
      ['--kubeconfig', 'kubelet.conf'],
      '--kubeconfig kubelet.conf: a service is started in another directory; give an absolute path',
    ],
    [
      ['--kubeconfig', '/etc/kubernetes/../kubelet.conf'],
      '--kubeconfig /etc/kubernetes/../kubelet.conf: a path without ":" and ".." is expected',
    ],
    [
      ['--persist-dir', '/var/lib/a:b'],
      '--persist-dir /var/lib/a:b: a path without ":" and ".." is expected',
    ],
    [['--image', 'proxy:1:2'], '--image proxy:1:2: NAME:TAG is expected'],
    [['--namespace', 'Kube'], '--namespace Kube: the name of a namespace is expected'],
    [['--binary', '/opt/proxy'], '--binary: kubelet starts the program of the image; leave it out'],
    [['--no-start'], '--start: kubelet starts the program of the image; leave it out'],
    [
      ['--rise', '0'],
      '--rise 0: a whole number from 1 to 10 is expected; more of them in a row delay a failover by minutes',
    ],
  ])('%j', (flags, sentence) => {
    expect(print(...VS, ...flags)).toEqual({ exitCode: 64, stdout: '', stderr: `Error: ${sentence}\n` });
  });
});

/** Files and directories of a kubeadm node, below /etc. */
function kubeadmNode(files: Readonly<Record<string, string>> = { 'kubernetes/kubelet.conf': '' }) {
  const host = sealedHost();
  mkdirSync(join(host.etcDir, 'kubernetes/manifests'), { recursive: true });
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(host.etcDir, path)), { recursive: true });
    writeFileSync(join(host.etcDir, path), contents);
  }
  return host;
}

describe.skipIf(!canSeal)('on a node', () => {
  const MANIFEST = 'kubernetes/manifests/bcs-apiserver-proxy.yaml';

  test('installed, installed again, and removed; a dry run says so and does nothing', () => {
    const host = kubeadmNode();
    const before = host.etc();
    const install = (...more: string[]) => host.run(...INSTALL, ...VS, ...more);
    expect(install('--dry-run')).toEqual({
      exitCode: 2,
      stdout: `to change  static pod: would write ${FILE}\nwould change: ${SUBJECT}\n`,
      stderr: '',
    });
    expect(host.etc()).toEqual(before);

    expect(install()).toEqual({
      exitCode: 0,
      stdout: `changed    static pod: write ${FILE}\ndone: ${SUBJECT}\n`,
      stderr: '',
    });
    const printed = install('--print').stdout;
    expect(host.etc()).toEqual({ ...before, [MANIFEST]: printed });
    expect(statSync(join(host.etcDir, MANIFEST)).mode & 0o777).toBe(0o600);

    const unchanged = { exitCode: 0, stdout: `unchanged  static pod\nunchanged: ${SUBJECT}\n`, stderr: '' };
    expect(install()).toEqual(unchanged);
    expect(install('--dry-run')).toEqual(unchanged);

    expect(install('--scheduler', 'rr').stdout).toContain(`write ${FILE}\n`);
    expect(host.etc()[MANIFEST]).toContain('- --scheduler\n        - rr\n');

    expect(host.run(...INSTALL, '--uninstall', '--dry-run')).toEqual({
      exitCode: 2,
      stdout: `to change  services: would remove ${FILE}\nwould change: ${SUBJECT}\n`,
      stderr: '',
    });
    expect(host.run(...INSTALL, '--uninstall')).toEqual({
      exitCode: 0,
      stdout: `changed    services: remove ${FILE}\ndone: ${SUBJECT}\n`,
      stderr: '',
    });
    expect(host.etc()).toEqual(before);
    expect(host.run(...INSTALL, '--uninstall').stdout).toContain('unchanged  services\n');
  });

  test('--uninstall without a role removes it, too', () => {
    const host = kubeadmNode({ [MANIFEST]: 'kind: Pod\n' });
    expect(host.run('install-service', '--uninstall').stdout).toContain(`services: remove ${FILE}\n`);
    expect(host.etc()).toEqual({});
  });

  test('--uninstall of another role leaves it', () => {
    const host = kubeadmNode({ [MANIFEST]: 'kind: Pod\n' });
    expect(host.run('install-service', '--uninstall', '--role', 'daemon').stdout).not.toContain(FILE);
    expect(host.etc()).toEqual({ [MANIFEST]: 'kind: Pod\n' });
  });

  test('where kubelet is not set up by kubeadm it is refused, and no directory is made', () => {
    const host = sealedHost();
    const { exitCode, stdout, stderr } = host.run(...INSTALL, ...VS);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr.split('\n')[0]).toBe(
      'Error: /etc/kubernetes/manifests does not exist: kubelet of this node is not set up by kubeadm, and would not find the pod',
    );
    expect(existsSync(join(host.etcDir, 'kubernetes'))).toBe(false);
  });

  test('before the node has joined it says what the pod waits for', () => {
    const { exitCode, stdout } = kubeadmNode({}).run(...INSTALL, ...VS);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      `warning    static pod: write ${FILE}; /etc/kubernetes/kubelet.conf does not exist yet: kubelet starts the pod when it does\ndone: ${SUBJECT}\n`,
    );
  });

  test('beside the daemon as a service it says so, each time', () => {
    const unit = 'systemd/system/bcs-apiserver-proxy-daemon.service';
    const host = kubeadmNode({ 'kubernetes/kubelet.conf': '', [unit]: '[Service]\n' });
    const warning =
      `/etc/${unit} is there as well, and only one daemon at a time keeps a virtual server: ` +
      'remove it with bcs-apiserver-proxy install-service --uninstall --role daemon\n';
    expect(host.run(...INSTALL, ...VS).stdout).toContain(`warning    static pod: write ${FILE}; ${warning}`);
    expect(host.run(...INSTALL, ...VS).stdout).toContain(`warning    static pod: ${warning}`);
  });

  test('a read-only /etc is refused before anything is changed, by install-service and by clean', () => {
    const files = { [MANIFEST]: 'kind: Pod\n' };
    const host = sealedHost(undefined, { readOnlyEtc: files });
    const refusal = {
      exitCode: 1,
      stdout: '',
      stderr: `Error: ${FILE} cannot be written: the file system is read-only\n`,
    };
    expect(host.run(...INSTALL, ...VS)).toEqual(refusal);
    expect(host.run(...INSTALL, '--uninstall')).toEqual(refusal);
    expect(host.run('clean', ...VS)).toEqual(refusal);
    expect(host.etc()).toEqual(files);
  });

  test('clean removes it, before all else', () => {
    const host = kubeadmNode({ [MANIFEST]: 'kind: Pod\n' });
    const dry = host.run('clean', ...VS, '--dry-run');
    expect(dry.stdout.split('\n')[0]).toBe(`to change  services: would remove ${FILE}`);
    const { exitCode, stdout } = host.run('clean', ...VS);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`changed    services: remove ${FILE}`);
    expect(host.etc()).toEqual({});
  });
});
