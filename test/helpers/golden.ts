// Reads test/golden/netlink/*.hex: exchanges between a tool and a real kernel (see the README there).
import { readFileSync } from 'node:fs';
import { align } from '../../src/lib/netlink/align.ts';
import { type Message, unpackMessages } from '../../src/lib/netlink/message.ts';
import { hex } from './hex.ts';

export interface Exchange {
  /** What the tool sent. */
  readonly request: Message;
  /** What the kernel answered, by datagram. */
  readonly datagrams: readonly Buffer[];
  /** The messages of all datagrams. */
  readonly answers: readonly Message[];
}

export function golden(name: string): Exchange {
  const text = readFileSync(new URL(`../golden/netlink/${name}.hex`, import.meta.url), 'utf8');
  const sent: Buffer[] = [];
  const datagrams: Buffer[] = [];
  for (const block of text.split('\n\n')) {
    const lines = block.split('\n').filter(line => /^[<>]/.test(line));
    if (lines.length === 0) continue;
    const bytes = hex(...lines.map(line => line.slice(1).replace(/#.*/, '')));
    (block.startsWith('>') ? sent : datagrams).push(bytes);
  }
  const [request] = sent.flatMap(unpackMessages);
  if (request === undefined || sent.length !== 1) throw new Error(`${name}.hex: one request is expected`);
  return { request, datagrams, answers: datagrams.flatMap(unpackMessages) };
}

/** The kernel's datagrams as the answer to our own request: only the sequence numbers differ. */
export function replay({ datagrams }: Exchange, request: Message): Buffer[] {
  return datagrams.map(datagram => {
    const copy = Buffer.from(datagram);
    for (let offset = 0; offset < copy.length; offset += align(copy.readUInt32LE(offset))) {
      copy.writeUInt32LE(request.sequence, offset + 8);
    }
    return copy;
  });
}

/** Fields by name, as text; a nest's fields have the nest's name in front. */
export type Fields = Readonly<Record<string, string>>;

/** What differs, each as `name: theirs -> ours`; "none" where one of the two does not say it. */
export function differences(ours: Fields, theirs: Fields): string[] {
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  return names
    .filter(name => ours[name] !== theirs[name])
    .map(name => `${name}: ${theirs[name] ?? 'none'} -> ${ours[name] ?? 'none'}`);
}
