// Decoders against bytes that no kernel would send. Only two errors may come out of them; anything else (a RangeError
// out of a Buffer, a TypeError) would be an unexplained crash of the daemon.
//
//   FUZZ_CASES=50000000 FUZZ_SEED=7 vitest run --project unit test/unit/netlink/fuzz.test.ts
import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import {
  packDestination,
  packService,
  unpackDestination,
  unpackInfo,
  unpackService,
} from '../../../src/lib/ipvs/codec.ts';
import { AF_INET, AF_INET6 } from '../../../src/lib/model/address.ts';
import { type AttributeMap, AttributeWriter, readAttributes } from '../../../src/lib/netlink/attributes.ts';
import { MalformedMessageError, NetlinkError } from '../../../src/lib/netlink/errors.ts';
import { packGeneric, unpackGeneric } from '../../../src/lib/netlink/generic.ts';
import {
  type Message,
  packMessage,
  unpackDone,
  unpackError,
  unpackMessages,
} from '../../../src/lib/netlink/message.ts';
import {
  packLocalRoute,
  packRouteQuery,
  unpackHostAddress,
  unpackRoute,
} from '../../../src/lib/route/codec.ts';
import { unpackSocket, unpackTraffic } from '../../../src/lib/sockets/codec.ts';
import { done, multipart, refusal } from '../../helpers/fake-transport.ts';

const CASES = Number(process.env.FUZZ_CASES ?? 1_000_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_240_601);
/** A case takes microseconds; this only bounds an endless loop in a decoder. */
const BOUND_MS = Math.max(120_000, CASES);

test(
  `decoders survive ${CASES} random and mutated messages without an untyped throw`,
  () => {
    // Stack traces are most of the cost of an error, and nobody reads these.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    const names = ['unpackMessages', ...DECODERS.map(({ name }) => name)];
    const tally = new Map<string, Tally>(names.map(name => [name, { decoded: 0, refused: 0 }]));
    try {
      const random = new Random(SEED);
      for (let number = 0; number < CASES; number++) survive(random, number, tally);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    // Mutations that only ever fail at the first check, or that never fail, would prove nothing.
    if (CASES < 100_000) return;
    for (const [name, { decoded, refused }] of tally) {
      expect(decoded, `${name}: decoded`).toBeGreaterThan(CASES / 1000);
      if (!NEVER_REFUSES.includes(name)) expect(refused, `${name}: refused`).toBeGreaterThan(CASES / 1000);
    }
  },
  BOUND_MS,
);

interface Tally {
  decoded: number;
  refused: number;
}

interface Decoder {
  readonly name: string;
  readonly decode: (message: Message) => void;
}

/** NLMSG_DONE may come without anything. */
const NEVER_REFUSES = ['unpackDone'];

const attributesOf = (message: Message): AttributeMap => readAttributes(message.payload.subarray(4));

/** The attributes inside an attribute, or those outside where it is not there. */
function nestOf(message: Message, type: number): AttributeMap {
  const outside = attributesOf(message);
  return outside.get(type)?.nested() ?? outside;
}

const DECODERS: readonly Decoder[] = [
  { name: 'readAttributes', decode: ({ payload }) => readRecursively(payload, 0) },
  { name: 'unpackError', decode: message => sane(unpackError(message).errno >= 0) },
  { name: 'unpackDone', decode: message => sane(unpackDone(message).errno >= 0) },
  { name: 'unpackGeneric', decode: message => sane(unpackGeneric(message).command <= 255) },
  {
    name: 'unpackService',
    decode: message => {
      const service = unpackService(nestOf(message, 1));
      if (service === undefined) return;
      sane(isIP(service.address) !== 0 && isUint(service.port, 16) && isUint(service.flags, 32));
    },
  },
  {
    name: 'unpackDestination',
    decode: message => {
      const family = message.portId % 2 === 0 ? AF_INET : AF_INET6;
      const destination = unpackDestination(nestOf(message, 2), family);
      sane(isIP(destination.address) !== 0 && isUint(destination.port, 16));
    },
  },
  { name: 'unpackInfo', decode: message => sane(unpackInfo(attributesOf(message)).version !== '') },
  {
    name: 'unpackRoute',
    decode: ({ payload }) => {
      const { source, prefixLength } = unpackRoute(payload);
      sane((source === undefined || isIP(source) !== 0) && isUint(prefixLength, 8));
    },
  },
  {
    name: 'unpackSocket',
    decode: ({ payload }) => {
      const { local, remote } = unpackSocket(payload);
      sane(isUint(local.port, 16) && isIP(remote.address) !== 0);
    },
  },
  {
    name: 'unpackTraffic',
    decode: ({ payload }) => sane(isUint(unpackTraffic(payload)?.retransmits ?? 0, 8)),
  },
  {
    name: 'unpackHostAddress',
    decode: ({ payload }) => {
      const address = unpackHostAddress(payload);
      sane(address === undefined || isIP(address) !== 0);
    },
  },
];

function isUint(value: number, bits: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** bits;
}

/** A decoder that lets nonsense through is as wrong as one that throws. */
function sane(condition: boolean): void {
  if (!condition) throw new Error('the decoded value is not sane');
}

function readRecursively(bytes: Buffer, depth: number): void {
  const map = readAttributes(bytes);
  for (const type of map.types()) {
    const attribute = map.require(type, String(type));
    // Integers and addresses are no nests; a payload that is none is refused, which costs the most of all here.
    if (depth > 20 || attribute.payload.length <= 16) continue;
    attempt(() => readRecursively(attribute.payload, depth + 1));
  }
}

/** False when the bytes were refused as they may be. */
function attempt(decode: () => void): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    if (error instanceof MalformedMessageError || error instanceof NetlinkError) return false;
    throw error;
  }
}

function survive(random: Random, number: number, tally: Map<string, Tally>): void {
  const datagram = random.one(KINDS)(random);
  const run = (name: string, decode: () => void): void => {
    const counts = tally.get(name) as Tally;
    try {
      if (attempt(decode)) counts.decoded++;
      else counts.refused++;
    } catch (error) {
      const bytes = datagram.toString('hex');
      throw new Error(`${name}: ${error} (FUZZ_SEED=${SEED}, case ${number}, bytes ${bytes})`, {
        cause: error,
      });
    }
  };
  let messages: Message[] = [];
  run('unpackMessages', () => {
    messages = unpackMessages(datagram);
  });
  // Where the headers are torn, the decoders behind them see the bytes all the same.
  if (messages.length === 0)
    messages = [{ type: 2, flags: 0x200, sequence: 1, portId: 0, payload: datagram }];
  const message = random.one(messages);
  for (const { name, decode } of DECODERS) run(name, () => decode(message));
}

/** xorshift32: the same sequence for the same seed, on every machine. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  u32(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  below(limit: number): number {
    return this.u32() % limit;
  }

  one<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

/** Numbers that lengths and types like to break on. */
const EDGES = [
  0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 0x7f, 0x80, 0xff, 0x3fff, 0x7fff, 0x8000, 0xfffc, 0xfffd, 0xffff,
];

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const flipBit: Mutation = (bytes, random) => {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  return bytes;
};

const truncate: Mutation = (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1));

/** Lengths and types stand at even offsets. */
const editLength: Mutation = (bytes, random) => {
  if (bytes.length < 2) return bytes;
  const at = random.below(bytes.length >> 1) * 2;
  const near = bytes.readUInt16LE(at) + random.below(9) - 4;
  bytes.writeUInt16LE((random.below(2) === 0 ? near : random.one(EDGES)) & 0xffff, at);
  return bytes;
};

const splice: Mutation = (bytes, random) => {
  const other = random.one(CORPUS);
  const head = bytes.subarray(0, random.below((bytes.length >> 2) + 1) * 4);
  const from = random.below((other.length >> 2) + 1) * 4;
  return fixTotal(Buffer.concat([head, other.subarray(from)]));
};

const drop: Mutation = (bytes, random) => {
  const at = random.below((bytes.length >> 2) + 1) * 4;
  const count = (1 + random.below(4)) * 4;
  return fixTotal(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)]));
};

/** Makes nlmsg_len right again, so that a mutation reaches the decoders behind the header. */
function fixTotal(bytes: Buffer): Buffer {
  if (bytes.length >= 4) bytes.writeUInt32LE(bytes.length, 0);
  return bytes;
}

const MUTATIONS: readonly Mutation[] = [flipBit, flipBit, truncate, editLength, editLength, splice, drop];

function mutated(random: Random): Buffer {
  let bytes: Buffer = Buffer.from(random.one(CORPUS));
  for (let count = 1 + random.below(3); count > 0; count--) bytes = random.one(MUTATIONS)(bytes, random);
  return random.below(2) === 0 ? fixTotal(bytes) : bytes;
}

function randomBytes(random: Random): Buffer {
  const bytes = Buffer.alloc(random.below(160));
  for (let at = 0; at < bytes.length; at++) bytes[at] = random.u32();
  return random.below(2) === 0 ? fixTotal(bytes) : bytes;
}

const KINDS = [mutated, mutated, mutated, mutated, mutated, randomBytes];

/** Valid messages of every sort, as the kernel sends them and as we do. */
const CORPUS: readonly Buffer[] = corpus();

function corpus(): Buffer[] {
  const asked: Message = { type: 0x1c, flags: 5, sequence: 1, portId: 0, payload: Buffer.alloc(0) };
  const generic = (command: number, attributes: AttributeWriter): Message => ({
    ...asked,
    payload: packGeneric(command, 1, attributes),
  });
  const stats = (wide: boolean): AttributeWriter => {
    const writer = new AttributeWriter();
    for (let type = 1; type <= 10; type++) {
      if (wide || type === 4 || type === 5) writer.u64(type, 1n);
      else writer.u32(type, 1);
    }
    return writer;
  };
  const ids = [
    { address: '10.99.0.1', port: 6443 },
    { address: 'fd00:99::1', port: 6443 },
  ];
  const services = ids.map(id =>
    generic(
      1,
      new AttributeWriter().nest(
        1,
        packService({ ...id, scheduler: 'sh', flags: 8, timeoutS: 0 })
          .nest(10, stats(false))
          .nest(12, stats(true)),
      ),
    ),
  );
  const destinations = ids.map(id =>
    generic(
      5,
      new AttributeWriter().nest(
        2,
        packDestination({ ...id, weight: 1, forwarding: 'masquerade' })
          .u32(7, 3)
          .u32(8, 4)
          .u32(9, 0)
          .nest(10, stats(false))
          .nest(12, stats(true)),
      ),
    ),
  );
  const info = generic(15, new AttributeWriter().u32(1, 0x010201).u32(2, 4096));
  const routes = ids.flatMap(({ address }) => [
    packLocalRoute({ destination: address, source: address }),
    packRouteQuery(address, 0x2000),
  ]);
  const addresses = [4, 16].map(length =>
    Buffer.concat([
      Buffer.from([length === 4 ? 2 : 10, 24, 0x80, 0, 1, 0, 0, 0]),
      new AttributeWriter()
        .bytes(1, Buffer.alloc(length, 10))
        .bytes(2, Buffer.alloc(length, 10))
        .string(3, 'eth0')
        .u32(8, 0x80)
        .toBuffer(),
    ]),
  );
  const messages = [
    ...services,
    ...destinations,
    info,
    ...[...routes, ...addresses].map(payload => ({ ...asked, payload })),
    refusal(asked, 22, { message: 'Invalid prefsrc address', offset: 28 }),
    refusal(services[0] as Message, 22, { message: 'Invalid prefsrc address', offset: 28, capped: false }),
    done(asked, 105, { message: 'no room' }),
    done(asked),
  ];
  const dump = Buffer.concat(
    multipart(
      asked,
      0x1c,
      [...services, ...destinations].map(({ payload }) => payload),
    ).map(packMessage),
  );
  return [...messages.map(packMessage), dump];
}
