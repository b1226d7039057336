import { expect, test } from 'vitest';
import type { Pin } from '../../../src/lib/ipvs/connections.ts';
import type { Pins } from '../../../src/lib/ipvs/pins.ts';
import { formatHostPort, type HostPort } from '../../../src/lib/model/address.ts';
import { breakUnserved } from '../../../src/lib/reconcile/unserved.ts';
import type { SocketId } from '../../../src/lib/sockets/client.ts';

const VIP: HostPort = { address: '10.99.0.1', port: 6443 };
const [M1, M2] = ['10.0.0.11', '10.0.0.12'].map(address => ({ address, port: 6443 })) as [HostPort, HostPort];
const client = (port: number): HostPort => ({ address: '10.0.0.2', port });

function sockets(ports: number[], gone: number[] = []) {
  const destroyed: number[] = [];
  const destroy = ({ local: { port } }: SocketId): boolean => {
    if (gone.includes(port)) return false;
    destroyed.push(port);
    return true;
  };
  const connectedTo = () => ports.map(port => ({ local: client(port), cookie: Buffer.alloc(8) }));
  return { connectedTo, traffic: () => [], destroy, destroyed };
}

/** What connection tracking knows by port, and what the table of IPVS has. */
function pins(
  tracked: Record<number, HostPort>,
  table: Record<number, Pin> | (() => Record<number, Pin>) = {},
): Pins {
  return {
    tracked: ({ port }) => tracked[port],
    inTable: async clients => {
      const found = typeof table === 'function' ? table() : table;
      return new Map(
        clients.flatMap(one => {
          const pin = found[one.port];
          return pin === undefined ? [] : [[formatHostPort(one), pin] as const];
        }),
      );
    },
  };
}

const NEVER = new AbortController().signal;

const unread = (): never => {
  throw new Error('read');
};

test('a connection is broken when the kernel does not know it, or has it with a real server that is not there', async () => {
  const open = sockets([1, 2, 3, 4, 5]);
  const count = await breakUnserved(
    { sockets: open, pins: pins({ 1: M1, 2: M2 }, { 4: M1, 5: M2 }) },
    VIP,
    () => [M1],
    NEVER,
  );
  expect([count, open.destroyed]).toEqual([3, [2, 3, 5]]);
});

test('one whose real server cannot be read stays', async () => {
  const open = sockets([1]);
  expect(
    await breakUnserved({ sockets: open, pins: pins({}, { 1: 'unreadable' }) }, VIP, () => [M1], NEVER),
  ).toBe(0);
});

test('what ended by itself meanwhile is not counted', async () => {
  expect(await breakUnserved({ sockets: sockets([1, 2], [1]), pins: pins({}) }, VIP, () => [], NEVER)).toBe(
    1,
  );
});

test('the table, which may be long, is not read where connection tracking knows everybody, or nobody is connected', async () => {
  const known = { sockets: sockets([1]), pins: pins({ 1: M2 }, unread) };
  expect(await breakUnserved(known, VIP, () => [M1], NEVER)).toBe(1);
  expect(await breakUnserved({ sockets: sockets([]), pins: pins({}, unread) }, VIP, () => [M1], NEVER)).toBe(
    0,
  );
});

test('what is broken after a long look is compared with the real servers of then', async () => {
  let present: HostPort[] | undefined = [];
  const table = () => {
    present = [M1];
    return { 1: M1 };
  };
  expect(
    await breakUnserved({ sockets: sockets([1]), pins: pins({}, table) }, VIP, () => present, NEVER),
  ).toBe(0);
});

test('without a virtual server nothing is broken', async () => {
  expect(
    await breakUnserved({ sockets: sockets([1, 2]), pins: pins({ 1: M1 }) }, VIP, () => undefined, NEVER),
  ).toBe(0);
});

test('the sockets are listed before the table is read: what is new is in the table', async () => {
  let established = false;
  const open = sockets([1]);
  const listed = {
    ...open,
    connectedTo: () => {
      established = true;
      return open.connectedTo();
    },
  };
  const after = pins({}, () => (established ? { 1: M1 } : {}));
  expect(await breakUnserved({ sockets: listed, pins: after }, VIP, () => [M1], NEVER)).toBe(0);
});

test('of a real server that is gone the kernel forgets the connections: who watched them remembers', async () => {
  const open = sockets([1, 2, 3]);
  const remembered = ({ local: { port } }: SocketId) => ({ 1: M2, 2: M1 })[port];
  // 2: its real server went and came back, and nobody but the table can tell; 3 was never seen.
  const known = { sockets: open, pins: pins({}, { 3: M1 }), remembered };
  expect(await breakUnserved(known, VIP, () => [M1], NEVER)).toBe(2);
  expect(open.destroyed).toEqual([1, 2]);
  const all = { sockets: sockets([1]), pins: pins({}, unread), remembered };
  expect(await breakUnserved(all, VIP, () => [M1], NEVER)).toBe(1);
});
