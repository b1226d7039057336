// The texts of the units, as golden files. After a wanted change: vitest run test/unit/systemd --update, then read the diff.
// That systemd understands them is shown in test/kernel/service.test.ts.
import { describe, expect, test } from 'vitest';
import { daemonUnit, restoreCommand, restoreUnit } from '../../../src/lib/systemd/unit.ts';

const BINARY = '/root/bcs-apiserver-proxy';
const MODULES = ['ip_vs', 'ip_vs_sh', 'tcp_diag'];

test.each<[string, string]>([
  ['restore', restoreUnit({ binary: BINARY, persistDir: '/root/.bcs', sysctl: true })],
  [
    'restore-elsewhere',
    restoreUnit({ binary: '/opt/load balancer/proxy', persistDir: '/var/lib/50%', sysctl: false }),
  ],
  [
    'daemon',
    daemonUnit({
      binary: BINARY,
      args: ['--vs', '10.99.0.1:6443', '--kubeconfig', '/etc/kubernetes/kubelet.conf'],
      persistDir: '/root/.bcs',
      modules: MODULES,
    }),
  ],
  [
    'daemon-all',
    daemonUnit({
      binary: BINARY,
      args: [
        ...['--vs', '[fd99::1]:6443', '--rs', '[fd00::11]:6443', '--rs', '[fd00::12]:6443'],
        ...['--scheduler', 'rr', '--discovery', 'static', '--probe-path', '/readyz?exclude=$HOME&x="%s"\\'],
        ...['--no-route', '--persist-dir', '/var/lib/bcs'],
      ],
      persistDir: '/var/lib/bcs',
      modules: ['ip_vs', 'ip_vs_rr', 'tcp_diag'],
    }),
  ],
])('%s', async (name, text) => {
  await expect(text).toMatchFileSnapshot(`../../golden/units/${name}.service`);
});

describe('what runs at boot', () => {
  test('sets kernel parameters unless it was told not to', () => {
    const options = { binary: BINARY, persistDir: '/root/.bcs' };
    const command = restoreCommand({ ...options, sysctl: true });
    expect(command.slice(0, 4)).toEqual([BINARY, 'sync', '--from', 'persisted']);
    expect(restoreCommand({ ...options, sysctl: false })).toEqual([...command, '--no-sysctl']);
  });
});
