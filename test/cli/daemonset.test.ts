// `install-service --role daemonset --print`: what kubectl is given, and what is refused because a pod could not use it.
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { hostFiles, jsonOf, runProgram } from '../helpers/run-program.ts';

const VS = ['--vs', '10.99.0.1:6443'];
const env = { BCS_APISERVER_PROXY_PERSIST_DIR: '' };

function print(...flags: string[]) {
  return runProgram(['install-service', '--role', 'daemonset', '--print', ...flags], { env });
}

test('prints all that a cluster needs, filled in with the flags, and touches nothing', async () => {
  const before = hostFiles();
  const image = 'registry.example:5000/infra/proxy:1.2';
  const { exitCode, stdout, stderr } = print(
    ...[...VS, '--scheduler', 'rr', '--drain-timeout', '30s', '--no-route'],
    ...[
      '--image',
      image,
      '--namespace',
      'infra',
      '--listen',
      '0.0.0.0:9000',
      '--persist-dir',
      '/var/lib/proxy',
    ],
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  await expect(stdout).toMatchFileSnapshot('../golden/manifests/daemonset.yaml');
  expect(hostFiles()).toEqual(before);
});

test('as JSON it is one List of the same objects', () => {
  const objects = parseAllDocuments(print(...VS).stdout).map(document => document.toJS());
  const list = jsonOf(print(...VS, '--json'));
  expect(list).toEqual({ apiVersion: 'v1', kind: 'List', items: objects });
  expect(objects.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Role', 'RoleBinding', 'DaemonSet']);
});

test('flags can come by environment, as everywhere', () => {
  const args = ['install-service', '--role', 'daemonset', '--print', '--json'];
  const flags = { BCS_APISERVER_PROXY_VS: '10.99.0.1:6443', BCS_APISERVER_PROXY_DISCOVERY: 'nodes' };
  const { items } = jsonOf(runProgram(args, { env: { ...env, ...flags } })) as {
    items: { kind: string; spec?: { template: { spec: { containers: { args: string[] }[] } } } }[];
  };
  expect(items.map(({ kind }) => kind)).toContain('ClusterRole');
  expect(items.at(-1)?.spec?.template.spec.containers[0]?.args).toEqual([
    'daemon',
    ...VS,
    '--discovery',
    'nodes',
  ]);
});

describe('refused, with the reason', () => {
  test.each<[string[], string]>([
    [
      ['--kubeconfig', '/etc/kubernetes/kubelet.conf'],
      '--kubeconfig /etc/kubernetes/kubelet.conf: a file of a host is not in the pod, which has its service account; leave it out',
    ],
    [
      ['-f', '/etc/proxy.yaml'],
      '--config /etc/proxy.yaml: a file of a host is not in the pod; give what it says as flags',
    ],
    [
      ['--source-ip', '10.0.0.21'],
      '--source-ip 10.0.0.21: every node has another address, and the daemon finds its own; leave it out',
    ],
    [
      ['--listen', '10.0.0.21:8004'],
      '--listen 10.0.0.21: every node has another address; give 127.0.0.1, or 0.0.0.0 for all of them',
    ],
    [['--image', 'proxy:1:2'], '--image proxy:1:2: NAME:TAG is expected'],
    [['--namespace', 'Kube'], '--namespace Kube: the name of a namespace is expected'],
    [
      ['--rise', '0'],
      '--rise 0: a whole number from 1 to 10 is expected; more of them in a row delay a failover by minutes',
    ],
  ])('%j', (flags, sentence) => {
    const { exitCode, stdout, stderr } = print(...VS, ...flags);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 64,
      stdout: '',
      stderr: `Error: ${sentence}\n`,
    });
  });

  test('without --print', () => {
    const { exitCode, stderr } = runProgram(['install-service', '--role', 'daemonset', ...VS], { env });
    expect(exitCode).toBe(64);
    expect(stderr).toBe(
      'Error: --role daemonset: kubectl installs it; give --print as well, and | kubectl apply -f -\n',
    );
  });

  test('--image with another role', () => {
    const { exitCode, stderr } = runProgram(['install-service', '--print', '--image', 'x'], { env });
    expect(exitCode).toBe(64);
    expect(stderr).toBe('Error: --image: a flag of the roles daemonset and static-pod; leave it out\n');
  });
});
