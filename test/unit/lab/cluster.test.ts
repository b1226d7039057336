// What a real cluster is made from, and read by, without one: kubeadm's configuration, and audit logs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { VIRTUAL_SERVER } from '../../cluster/kit/addresses.ts';
import { askedIn } from '../../cluster/kit/audit.ts';
import { kubeadmConfig } from '../../cluster/kit/kubeadm-config.ts';

test.each([
  ['v1.20.2', 'kubeadm.k8s.io/v1beta2'],
  ['v1.22.0', 'kubeadm.k8s.io/v1beta3'],
  ['v1.30.4', 'kubeadm.k8s.io/v1beta3'],
  ['v1.31.0', 'kubeadm.k8s.io/v1beta4'],
])('kubeadm %s reads %s, and puts the VIP into certificates and kubeconfigs', (version, apiVersion) => {
  const [init, cluster] = parseAllDocuments(kubeadmConfig(version, 2, '10.88.0.12')).map(each => each.toJS());
  expect(init).toMatchObject({ apiVersion, localAPIEndpoint: { advertiseAddress: '10.88.0.12' } });
  expect(cluster).toMatchObject({ apiVersion, controlPlaneEndpoint: VIRTUAL_SERVER });
});

test('an audit log is read up to its last whole line, and one that is not there says nothing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'audit-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  expect(askedIn(directory)).toEqual([]);
  const entry = {
    user: { username: 'system:node:worker' },
    verb: 'get',
    requestURI: '/api/v1/namespaces/default/endpoints/kubernetes?timeout=5s',
    responseStatus: { code: 200 },
  };
  writeFileSync(join(directory, 'audit.log'), `${JSON.stringify(entry)}\n{"user":{"usern`);
  expect(askedIn(directory)).toEqual([
    {
      user: 'system:node:worker',
      verb: 'get',
      path: '/api/v1/namespaces/default/endpoints/kubernetes',
      code: 200,
    },
  ]);
});
