// Discovery can name anything; only what can be a master is taken for one, and the rest of its list does not suffer.
import { expect, test } from 'vitest';
import { admit, type Surroundings } from '../../../src/lib/daemon/admission.ts';
import { formatHostPort, parseHostPort } from '../../../src/lib/model/address.ts';

const MASTERS = ['10.0.0.11:6443', '10.0.0.12:6443'];

function admitted(named: readonly string[], around: Partial<Surroundings> = {}) {
  const { admitted, refused } = admit(named.map(parseHostPort), {
    virtualServer: { address: '10.99.0.1', port: 6443 },
    known: [],
    isHostAddress: address => address === '10.0.0.21',
    isListening: () => false,
    ...around,
  });
  return { admitted: admitted.map(formatHostPort), refused };
}

test.each([
  ['10.99.0.1:6443', 'the VIP itself'],
  ['10.99.0.1:443', 'the VIP itself'],
  ['0.0.0.0:6443', 'the unspecified address'],
  ['127.0.0.1:6443', 'a loopback address'],
  ['224.0.0.1:6443', 'a multicast address'],
  ['255.255.255.255:6443', 'the broadcast address'],
  ['169.254.1.1:6443', 'a link-local address'],
  ['240.0.0.1:6443', 'a reserved address'],
  ['[fd00::11]:6443', 'of another address family than the VIP'],
  ['10.0.0.21:6443', 'an address of this host with no listener on that port'],
])('%s is ignored: it is %s', (bad, why) => {
  expect(admitted([...MASTERS, bad])).toEqual({
    admitted: MASTERS,
    refused: [`${bad} is ignored: it is ${why}`],
  });
  expect(admitted([bad]).admitted, 'nothing is left: as good as no answer').toEqual([]);
});

test('this host is a master when its apiserver listens, or when it was known as one', () => {
  const own = '10.0.0.21:6443';
  expect(admitted([own], { isListening: port => port === 6443 }).admitted).toEqual([own]);
  expect(admitted([own], { known: [parseHostPort(own)] }).admitted).toEqual([own]);
});

test('of a thousand, those that were known and 32 in all', () => {
  const named = Array.from({ length: 1000 }, (_, index) => `10.1.${index >> 8}.${index & 255}:6443`);
  const known = ['10.1.3.1:6443', '10.1.3.2:6443'];
  const { admitted: taken, refused } = admitted(named, { known: known.map(parseHostPort) });
  expect([taken.length, taken.slice(0, 2)]).toEqual([32, known]);
  expect(refused).toEqual(['1000 masters are named: all but 32 are ignored, those that were known stay']);
});

test('of a list without end, no more is looked at than is taken', () => {
  const named = Array.from({ length: 50_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}:6443`);
  let asked = 0;
  const isHostAddress = (): boolean => {
    asked += 1;
    return false;
  };
  expect([admitted(named, { isHostAddress }).admitted.length, asked]).toEqual([32, 33]);
});
