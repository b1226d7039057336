// `status` as a user runs it, in a network of its own: nothing is there, or nothing can be reached.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatPersisted } from '../../src/lib/store/persisted-set.ts';
import { jsonOf } from '../helpers/run-program.ts';
import { canSeal, sealedHost } from '../helpers/sealed-host.ts';
import { aSpec } from '../helpers/specs.ts';

describe.skipIf(!canSeal)('status in a network without any route', () => {
  const node = () => {
    const host = sealedHost();
    writeFileSync(join(host.persistDir, 'ipvsConfig.yaml'), formatPersisted(aSpec()));
    return host;
  };

  test('every master of the persisted set and the VIP are asked, and said not to be reached', () => {
    const outcome = node().run('status', '--json');
    expect(outcome).toMatchObject({ exitCode: 2, stderr: '' });
    const unreachable = { outcome: 'dead', reason: 'enetunreach', reached: 'nothing', certificate: null };
    expect(jsonOf(outcome)).toMatchObject({
      realServers: ['10.0.0.11', '10.0.0.12', '10.0.0.13'].map(address => ({
        realServer: `${address}:6443`,
        probe: unreachable,
      })),
      throughVip: { ...unreachable, realServer: null },
      daemon: { status: { notSeen: 'not-listening' } },
      conflicts: { vipIsHostAddress: false, vipInNetwork: null },
      kubelet: { notSeen: 'kubelet has no kubeconfig in the usual places' },
    });
  });

  test('--no-probe asks nobody', () => {
    expect(jsonOf(node().run('status', '--json', '--no-probe'))).toMatchObject({
      realServers: [{ probe: null }, { probe: null }, { probe: null }],
      throughVip: { notSeen: 'not asked for' },
    });
  });

  test("kubelet's kubeconfig is found under /etc", () => {
    const host = node();
    const kubeconfig = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'k' } }],
      clusters: [{ name: 'k', cluster: { server: 'https://10.0.0.11:6443' } }],
    };
    mkdirSync(join(host.etcDir, 'kubernetes'));
    writeFileSync(join(host.etcDir, 'kubernetes/kubelet.conf'), JSON.stringify(kubeconfig));
    expect(jsonOf(host.run('status', '--json', '--no-probe')).kubelet).toEqual({
      kubeconfig: '/etc/kubernetes/kubelet.conf',
      server: 'https://10.0.0.11:6443',
    });
  });
});
