import { expect, test } from 'vitest';
import type { Connection } from '../../../src/lib/ipvs/connections.ts';
import type { HostPort } from '../../../src/lib/model/address.ts';
import { breakUnserved } from '../../../src/lib/reconcile/unserved.ts';

const VIP: HostPort = { address: '10.99.0.1', port: 6443 };
const [M1, M2] = ['10.0.0.11', '10.0.0.12'].map(address => ({ address, port: 6443 })) as [HostPort, HostPort];
const client = (port: number): HostPort => ({ address: '10.0.0.2', port });
const pinned = (port: number, realServer: HostPort, virtualServer = VIP): Connection => ({
  client: client(port),
  virtualServer,
  realServer,
  state: 'ESTABLISHED',
});

function sockets(ports: number[], gone: number[] = []) {
  const destroyed: number[] = [];
  const destroy = ({ port }: HostPort): boolean => {
    if (gone.includes(port)) return false;
    destroyed.push(port);
    return true;
  };
  return { connectedTo: () => ports.map(client), traffic: () => [], destroy, destroyed };
}

test('a connection is broken when the kernel does not know it, or has it with a real server that is not there', () => {
  const table = [pinned(1, M1), pinned(2, M2), pinned(4, M1, { ...VIP, port: 443 })];
  const open = sockets([1, 2, 3, 4]);
  expect(breakUnserved(open, VIP, [M1], () => table)).toBe(3);
  expect(open.destroyed).toEqual([2, 3, 4]);
});

test('what ended by itself meanwhile is not counted', () => {
  expect(breakUnserved(sockets([1, 2], [1]), VIP, [], () => [])).toBe(1);
});

test('the table, which may be long, is not read where nobody is connected', () => {
  const read = (): Connection[] => {
    throw new Error('read');
  };
  expect(breakUnserved(sockets([]), VIP, [M1], read)).toBe(0);
});

test('the sockets are listed before the table is read: what is new is in the table', () => {
  let established = false;
  const open = {
    ...sockets([]),
    connectedTo: () => {
      established = true;
      return [client(1)];
    },
  };
  expect(breakUnserved(open, VIP, [M1], () => (established ? [pinned(1, M1)] : []))).toBe(0);
});
