// This node's own connections: who waits for an answer, told once for each thing that is waited for.
import { expect, test } from 'vitest';
import { lookAt, type Memory } from '../../../src/lib/health/suspicion.ts';
import type { HostPort } from '../../../src/lib/model/address.ts';
import type { ObservedTraffic } from '../../../src/lib/sockets/client.ts';

const ESTABLISHED = 1;
const SYN_SENT = 2;

function socket(rest: Partial<ObservedTraffic> = {}): ObservedTraffic {
  const local = { address: '10.0.0.2', port: 40_000 };
  return {
    local,
    cookie: Buffer.from('0100000000000000', 'hex'),
    bytesReceived: 100n,
    state: ESTABLISHED,
    retransmits: 0,
    unackedSegments: 0,
    sinceSentMs: 50,
    sinceReceivedMs: 10,
    roundTripMs: 1,
    ...rest,
  };
}

/** Looks at [time, socket] one after the other; whether each was suspicious. */
function looks(...steps: [number, ObservedTraffic][]): boolean[] {
  let memory: Memory = new Map();
  return steps.map(([now, one]) => {
    const look = lookAt([one], memory, () => undefined, now);
    memory = look.memory;
    return look.suspects.length > 0;
  });
}

test('an answered request is not suspicious, however long ago it was', () => {
  expect(looks([10_000, socket({ sinceSentMs: 9000, sinceReceivedMs: 8990 })])).toEqual([false]);
});

test('a watch that only receives is not suspicious', () => {
  expect(looks([10_000, socket({ sinceSentMs: 600_000, sinceReceivedMs: 20 })])).toEqual([false]);
});

test('data that nobody answered for 400 ms is, once; and the next that nobody answers again', () => {
  const waits = (sinceSentMs: number) => socket({ sinceSentMs, sinceReceivedMs: 60_000 });
  expect(
    looks(
      [10_000, waits(250)],
      [10_149, waits(399)],
      [10_150, waits(400)],
      [10_500, waits(750)],
      [30_000, waits(20_250)],
      [40_000, waits(1000)],
    ),
  ).toEqual([false, false, true, false, false, true]);
});

test('of several connections to one master, the one that waits longest says since when', () => {
  const waits = (id: string, sinceSentMs: number) =>
    socket({ cookie: Buffer.from(id, 'hex'), sinceSentMs, sinceReceivedMs: 60_000 });
  const master = { address: '10.77.0.11', port: 6443 };
  const look = lookAt(
    [waits('01', 600), waits('02', 900), waits('03', 700)],
    new Map(),
    () => master,
    10_000,
  );
  expect(look.suspects).toEqual([{ realServer: master, since: 9100 }]);
});

test('a connection that is not made within 300 ms is', () => {
  const connecting = socket({ state: SYN_SENT, sinceSentMs: 0, sinceReceivedMs: 0 });
  expect(
    looks([10_000, connecting], [10_250, connecting], [10_500, connecting], [10_750, connecting]),
  ).toEqual([...[false, false, true, false]]);
});

test('retransmissions of what is not acknowledged are', () => {
  expect(looks([10_000, socket({ retransmits: 1, unackedSegments: 2 })])).toEqual([true]);
  expect(looks([10_000, socket({ retransmits: 1, unackedSegments: 0 })])).toEqual([false]);
});

const [M1, M2] = ['10.0.0.11', '10.0.0.12'].map(address => ({ address, port: 6443 }));
const cookie = (number: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(number);
  return bytes;
};

test('who waits is told with the master that the connection is pinned to, once for each master', () => {
  const waits = (number: number, port: number) =>
    socket({
      cookie: cookie(number),
      local: { address: '10.0.0.2', port },
      sinceSentMs: 600,
      sinceReceivedMs: 9000,
    });
  const owner = ({ port }: { port: number }) =>
    port === 3 ? undefined : ({ ...(port === 2 ? M2 : M1) } as HostPort);
  const { suspects } = lookAt([waits(1, 1), waits(2, 2), waits(3, 3), waits(4, 1)], new Map(), owner, 10_000);
  expect(suspects.map(({ realServer }) => realServer)).toEqual([M1, M2, undefined]);
});

/** Whose each connection is, and by its port which were asked about. */
function asking(): { asked: number[]; owner: (client: HostPort) => HostPort | undefined } {
  const asked: number[] = [];
  const owner = ({ port }: HostPort): HostPort | undefined => {
    asked.push(port);
    return M1;
  };
  return { asked, owner };
}

test('bytes that came are a sign of life of the master; a handshake alone is none, and nobody is asked about twice', () => {
  const { asked, owner } = asking();
  const first = lookAt([socket()], new Map(), owner, 10_000);
  const second = lookAt([socket({ sinceReceivedMs: 40 })], first.memory, owner, 10_250);
  expect(second.heard).toEqual([{ realServer: M1, at: 10_210 }]);
  const third = lookAt([socket({ sinceReceivedMs: 5, bytesReceived: 0n })], second.memory, owner, 10_500);
  expect(third.heard).toEqual([]);
  expect(asked).toEqual([40_000]);
});

test('most connections are over before they are seen twice, and nobody is asked about those; one that waits is no such', () => {
  const { asked, owner } = asking();
  const first = lookAt([socket()], new Map(), owner, 10_000);
  const waiting = socket({
    ...{ local: { address: '10.0.0.2', port: 40_001 }, cookie: cookie(9) },
    ...{ sinceSentMs: 600, sinceReceivedMs: 60_000 },
  });
  const second = lookAt([waiting], first.memory, owner, 10_250);
  expect(second.suspects).toEqual([{ realServer: M1, since: 9_650 }]);
  expect(asked).toEqual([40_001]);
});

test('another socket with the same addresses is another connection', () => {
  const first = lookAt([socket()], new Map(), () => M1, 10_000);
  const second = lookAt([socket()], first.memory, () => M1, 10_250);
  const other = lookAt([socket({ cookie: cookie(9) })], second.memory, () => M2, 10_500);
  expect(other.heard).toEqual([]);
  const again = lookAt([socket({ cookie: cookie(9) })], other.memory, () => M2, 10_750);
  expect(again.heard).toEqual([{ realServer: M2, at: 10_740 }]);
});

test('a burst of connections is looked at in parts', () => {
  const burst = Array.from({ length: 1000 }, (_, number) => socket({ cookie: cookie(number) }));
  let memory: Memory = new Map();
  const asked: number[] = [];
  for (const now of [10_000, 10_250, 10_500, 10_750, 11_000]) {
    let count = 0;
    const counted = () => {
      count += 1;
      return M1;
    };
    ({ memory } = lookAt(burst, memory, counted, now));
    asked.push(count);
  }
  expect(asked).toEqual([0, 256, 256, 256, 232]);
  expect(memory.size).toBe(1000);
});
