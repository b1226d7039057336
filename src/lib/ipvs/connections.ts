// The connection table of IPVS, /proc/net/ip_vs_conn: which local client is pinned to which real server.
// Format of ip_vs_conn_seq_show (net/netfilter/ipvs/ip_vs_conn.c), addresses and ports in hexadecimal:
//   Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
//   TCP 0A4D0001 A1B2 0A630001 192B 0A4D000B 192B ESTABLISHED     899
// IPv6 addresses (%pI6) are eight groups of four digits with colons, never compressed.
//
// The kernel gives a page for each read(2) and walks the table from its beginning for it, so that a long table takes it
// time that grows with the square of the length. It is therefore read in the background, and only for connections that
// connection tracking does not know (pins.ts).
import { createReadStream } from 'node:fs';
import {
  addressFromBytes,
  addressToBytes,
  familyOf,
  formatHostPort,
  type HostPort,
} from '../model/address.ts';

/** "unreadable": the kernel has the connection, and its real server is written in a way that nobody knows. */
export type Pin = HostPort | 'unreadable';

/** Pins of the clients that the table has, by formatHostPort of the client. Rejects when aborted. */
export async function readPins(
  clients: readonly HostPort[],
  virtualServer: HostPort,
  { signal, path = '/proc/net/ip_vs_conn' }: { signal?: AbortSignal | undefined; path?: string } = {},
): Promise<Map<string, Pin>> {
  const wanted = new Map(clients.map(client => [columns(client), formatHostPort(client)]));
  const marker = ` ${columns(virtualServer)} `;
  const pins = new Map<string, Pin>();
  for await (const line of linesOf(path, signal)) {
    const at = line.indexOf(marker);
    if (at === -1 || !line.startsWith('TCP ')) continue;
    const client = wanted.get(line.slice('TCP '.length, at));
    if (client !== undefined) pins.set(client, parsePin(line.slice(at + marker.length)));
  }
  return pins;
}

const DESTINATION = /^(?<address>[0-9a-f]{8}|(?:[0-9a-f]{4}:){7}[0-9a-f]{4}) (?<port>[0-9a-f]{4}) /i;

function parsePin(text: string): Pin {
  const { address, port } = DESTINATION.exec(text)?.groups ?? {};
  if (address === undefined || port === undefined) return 'unreadable';
  const bytes = Buffer.from(address.replaceAll(':', ''), 'hex');
  return { address: addressFromBytes(bytes), port: Number.parseInt(port, 16) };
}

/** As the table writes it. */
function columns({ address, port }: HostPort): string {
  const hex = addressToBytes(address).toString('hex');
  const text = familyOf(address) === 'ipv6' ? hex.replaceAll(/(.{4})(?!$)/g, '$1:') : hex.toUpperCase();
  return `${text} ${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

async function* linesOf(path: string, signal?: AbortSignal): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'latin1', signal })) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}
