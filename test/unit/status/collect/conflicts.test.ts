// Whom the VIP belongs to already.
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { collectConflicts, type Interfaces } from '../../../../src/lib/status/collect/conflicts.ts';

function device(...cidrs: string[]): Interfaces[string] {
  return cidrs.map(cidr => ({ cidr, address: cidr.split('/')[0] ?? '' }) as never);
}

const HOST = {
  lo: device('127.0.0.1/8', '::1/128'),
  eth0: device('10.0.3.7/20', 'fd00:1::7/60'),
  'kube-ipvs0': device('10.96.0.1/32'),
};

test.each([
  ['10.99.0.1', undefined],
  ['10.0.15.1', '10.0.0.0/20 dev eth0'],
  ['10.0.16.1', undefined],
  ['10.0.3.7', undefined], // the address itself, which is said otherwise
  ['10.96.0.1', undefined],
  ['fd00:1:0:f::1', 'fd00:1::/60 dev eth0'],
  ['fd00:1:0:10::1', undefined],
  ['fd99::1', undefined],
])('%s is in the network %s', (vip, onLinkNetwork) => {
  expect(collectConflicts(vip, [], HOST)).toEqual({ isHostAddress: false, onLinkNetwork });
});

test('an address of this host', () => {
  expect(collectConflicts('10.96.0.1', ['127.0.0.1', '10.96.0.1'], {}).isHostAddress).toBe(true);
  expect(collectConflicts('10.96.0.1', ['10.96.0.10'], {}).isHostAddress).toBe(false);
});

test('this host is on the network of its loopback address', () => {
  expect(collectConflicts('127.0.0.2', [], networkInterfaces()).onLinkNetwork).toBe('127.0.0.0/8 dev lo');
});
