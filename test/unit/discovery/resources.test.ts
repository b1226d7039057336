// How addresses are read from what the API returns, and that nothing in it can do harm.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ENDPOINT_SLICES, ENDPOINTS, nodeResources } from '../../../src/lib/discovery/resources.ts';

const HTTPS = [{ name: 'https', port: 6443, protocol: 'TCP' }];
const [NODE] = nodeResources(5443);

test('a slice: ready true, and nothing said, are ready; false is not', () => {
  const endpoints = [
    { addresses: ['10.0.0.1'], conditions: { ready: true } },
    { addresses: ['10.0.0.2'], conditions: {} },
    { addresses: ['10.0.0.3'] },
    { addresses: ['10.0.0.4'], conditions: { ready: null } },
    { addresses: ['10.0.0.5'], conditions: { ready: false } },
  ];
  const read = ENDPOINT_SLICES.read({ endpoints, ports: HTTPS });
  expect(read.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']);
});

test('a slice: the port is the one named https, whatever else is there', () => {
  const endpoints = [{ addresses: ['10.0.0.1'] }];
  const ports = [{ name: 'konnectivity', port: 8132 }, { port: 1 }, { name: 'https', port: 6443 }];
  expect(ENDPOINT_SLICES.read({ endpoints, ports })).toEqual([{ address: '10.0.0.1', port: 6443 }]);
  expect(ENDPOINT_SLICES.read({ endpoints, ports: [{ name: 'http', port: 80 }] })).toEqual([]);
});

test('a slice: host names, ports out of range and nulls name nobody; addresses become canonical', () => {
  const endpoints = [{ addresses: ['master.example', 'FD00:0::1', 7, null] }, null, 'x', { addresses: null }];
  expect(ENDPOINT_SLICES.read({ endpoints, ports: HTTPS })).toEqual([{ address: 'fd00::1', port: 6443 }]);
  for (const port of [0, 65536, 1.5, '6443', null]) {
    expect(ENDPOINT_SLICES.read({ endpoints, ports: [{ name: 'https', port }] })).toEqual([]);
  }
});

test('Endpoints: every subset with its own port, without the addresses that are not ready', () => {
  const subsets = [
    { addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: '10.0.0.2' }], ports: HTTPS },
    { addresses: [{ ip: '10.0.0.3' }], ports: [{ name: 'https', port: 6444 }] },
    { notReadyAddresses: [{ ip: '10.0.0.4' }], ports: HTTPS },
  ];
  expect(ENDPOINTS.read({ subsets })).toEqual([
    { address: '10.0.0.1', port: 6443 },
    { address: '10.0.0.3', port: 6444 },
  ]);
});

test('a node: every InternalIP, and no other address', () => {
  const addresses = [
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'InternalIP', address: 'fd00::1' },
    { type: 'ExternalIP', address: '203.0.113.1' },
    { type: 'Hostname', address: 'm1' },
  ];
  expect(NODE?.read({ status: { addresses } })).toEqual([
    { address: '10.0.0.1', port: 5443 },
    { address: 'fd00::1', port: 5443 },
  ]);
});

test('any JSON at all is read without an error', () => {
  const anything = fc.dictionary(
    fc.constantFrom('endpoints', 'ports', 'subsets', 'status', 'addresses', 'conditions'),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(anything, object => {
      for (const { read } of [ENDPOINT_SLICES, ENDPOINTS, ...nodeResources(6443)]) {
        expect(Array.isArray(read(object))).toBe(true);
      }
    }),
  );
});
