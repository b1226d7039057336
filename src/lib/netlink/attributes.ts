// Netlink attributes (struct nlattr): a writer, and a bounds-checked reader. Integers are in host byte order
// unless a name ends in "be"; host byte order is little-endian on both architectures that the binary is built for.
//
//    <------- NLA_HDRLEN ------> <-- NLA_ALIGN(payload)-->
//   +---------------------+- - -+- - - - - - - - - -+- - -+
//   |        Header       | Pad |     Payload       | Pad |
//   |   (struct nlattr)   | ing |                   | ing |
//   +---------------------+- - -+- - - - - - - - - -+- - -+
//    <-------------- nlattr->nla_len -------------->
import { align, NLA_HDRLEN } from './align.ts';
import { NLA_F_NESTED, NLA_TYPE_MASK } from './constants.ts';
import { MalformedMessageError } from './errors.ts';

export class AttributeWriter {
  readonly #chunks: Buffer[] = [];

  /** The attributes so far, each padded to its boundary. */
  toBuffer(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  bytes(type: number, payload: Uint8Array): this {
    const length = NLA_HDRLEN + payload.length;
    if (length > 0xffff) throw new RangeError(`attribute ${type}: ${payload.length} bytes do not fit`);
    const chunk = Buffer.alloc(align(length));
    chunk.writeUInt16LE(length, 0);
    chunk.writeUInt16LE(type, 2);
    chunk.set(payload, NLA_HDRLEN);
    this.#chunks.push(chunk);
    return this;
  }

  u8(type: number, value: number): this {
    return this.bytes(type, Uint8Array.of(value));
  }

  u16(type: number, value: number): this {
    const payload = Buffer.alloc(2);
    payload.writeUInt16LE(value);
    return this.bytes(type, payload);
  }

  /** Network byte order, as ports are. */
  u16be(type: number, value: number): this {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(value);
    return this.bytes(type, payload);
  }

  u32(type: number, value: number): this {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(value);
    return this.bytes(type, payload);
  }

  u64(type: number, value: bigint): this {
    const payload = Buffer.alloc(8);
    payload.writeBigUInt64LE(value);
    return this.bytes(type, payload);
  }

  /** NUL-terminated, as the kernel's NLA_NUL_STRING policy wants it. */
  string(type: number, value: string): this {
    return this.bytes(type, Buffer.from(`${value}\0`, 'utf8'));
  }

  nest(type: number, inner: AttributeWriter): this {
    return this.bytes(type | NLA_F_NESTED, inner.toBuffer());
  }
}

/** One attribute of a message; each getter checks the payload's length and throws MalformedMessageError. */
export class Attribute {
  readonly type: number;
  readonly payload: Buffer;

  constructor(type: number, payload: Buffer) {
    this.type = type;
    this.payload = payload;
  }

  u8(): number {
    return this.#sized(1, 'u8').readUInt8();
  }

  u16(): number {
    return this.#sized(2, 'u16').readUInt16LE();
  }

  u16be(): number {
    return this.#sized(2, 'u16be').readUInt16BE();
  }

  u32(): number {
    return this.#sized(4, 'u32').readUInt32LE();
  }

  i32(): number {
    return this.#sized(4, 'i32').readInt32LE();
  }

  u64(): bigint {
    return this.#sized(8, 'u64').readBigUInt64LE();
  }

  bytes(length: number): Buffer {
    return this.#sized(length, `${length} bytes`);
  }

  string(): string {
    const end = this.payload.indexOf(0);
    if (end === -1) throw new MalformedMessageError(`attribute ${this.type} is not a NUL-terminated string`);
    return this.payload.toString('utf8', 0, end);
  }

  nested(): AttributeMap {
    return readAttributes(this.payload);
  }

  #sized(length: number, expected: string): Buffer {
    if (this.payload.length === length) return this.payload;
    throw new MalformedMessageError(
      `attribute ${this.type} is not a ${expected}; length: ${this.payload.length}`,
    );
  }
}

/** The attributes of one message or nest by type; a repeated type keeps the last one, as the kernel's parser does. */
export class AttributeMap {
  readonly #byType: ReadonlyMap<number, Attribute>;

  constructor(byType: ReadonlyMap<number, Attribute>) {
    this.#byType = byType;
  }

  get(type: number): Attribute | undefined {
    return this.#byType.get(type);
  }

  require(type: number, name: string): Attribute {
    const attribute = this.#byType.get(type);
    if (attribute === undefined) throw new MalformedMessageError(`attribute ${name} (${type}) is missing`);
    return attribute;
  }

  types(): number[] {
    return [...this.#byType.keys()];
  }
}

export function readAttributes(bytes: Buffer): AttributeMap {
  const byType = new Map<number, Attribute>();
  let offset = 0;
  while (bytes.length - offset >= NLA_HDRLEN) {
    const length = bytes.readUInt16LE(offset);
    const type = bytes.readUInt16LE(offset + 2) & NLA_TYPE_MASK;
    if (length < NLA_HDRLEN || offset + length > bytes.length) {
      throw new MalformedMessageError(
        `attribute ${type} at offset ${offset} says ${length} of ${bytes.length - offset} bytes`,
      );
    }
    byType.set(type, new Attribute(type, bytes.subarray(offset + NLA_HDRLEN, offset + length)));
    offset += align(length);
  }
  // nla_parse ignores fewer than NLA_HDRLEN trailing bytes, too; but padding past the end is no error for it either.
  return new AttributeMap(byType);
}
