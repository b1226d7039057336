// Lines as ip_vs_conn_seq_show prints them (net/netfilter/ipvs/ip_vs_conn.c): addresses in hexadecimal, %08X for IPv4
// and %pI6 for IPv6, ports %04X, the state padded to 11, the seconds left padded to 7, then what a persistence engine
// (SIP) adds.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Pin, readPins } from '../../../src/lib/ipvs/connections.ts';
import {
  addressToBytes,
  formatHostPort,
  type HostPort,
  parseHostPort,
} from '../../../src/lib/model/address.ts';
import { hostPort } from '../../helpers/arbitraries.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const HEADING = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData';
const ESTABLISHED = 'TCP 0A000002 A1B2 0A630001 192B 0A00000B 192B ESTABLISHED     899';
const CLIENT = '10.0.0.2:41394';
const VIP = '10.99.0.1:6443';

/** The pins of these clients in a table of these lines. */
async function pinsIn(lines: readonly string[], clients = [CLIENT], vip = VIP): Promise<[string, Pin][]> {
  const path = join(tempDir(), 'ip_vs_conn');
  writeFileSync(path, lines.map(line => `${line}\n`).join(''));
  return [...(await readPins(clients.map(parseHostPort), parseHostPort(vip), { path }))];
}

describe('which real server serves a client', () => {
  const table = [
    HEADING,
    ESTABLISHED,
    'TCP 0A000002 A1B3 0A630001 192B 0A00000C 192B SYN_RECV         57',
    'TCP 0A000002 A1B2 0A630002 192B 0A00000D 192B ESTABLISHED     899',
    'UDP 0A000002 A1B4 0A630001 192B 0A00000C 192B UDP             100',
  ];

  test.each([
    ['by the port of the client', '10.0.0.2:41395', VIP, '10.0.0.12:6443'],
    ['by the virtual server', CLIENT, '10.99.0.2:6443', '10.0.0.13:6443'],
    ['none that the kernel knows', '10.0.0.3:41394', VIP, undefined],
    ['another protocol is none', '10.0.0.2:41396', VIP, undefined],
  ])('%s', async (_, client, vip, realServer) => {
    const pins = await pinsIn(table, [client], vip);
    expect(pins).toEqual(realServer === undefined ? [] : [[client, parseHostPort(realServer)]]);
  });

  test('IPv6, which the kernel never compresses', async () => {
    const line =
      'TCP fd00:0000:0000:0000:0000:0000:0000:0002 A1B2 fd99:0000:0000:0000:0000:0000:0000:0001 192B fd00:0000:0000:0000:0000:0000:0000:000b 192B SYN_RECV         57';
    const pins = await pinsIn([line], ['[fd00::2]:41394'], '[fd99::1]:6443');
    expect(pins).toEqual([['[fd00::2]:41394', { address: 'fd00::b', port: 6443 }]]);
  });

  test('several clients, and what a persistence engine adds', async () => {
    const pins = await pinsIn([...table, `${ESTABLISHED} sip 123@10.0.0.2`], [CLIENT, '10.0.0.2:41395']);
    expect(pins.map(([client]) => client)).toEqual([CLIENT, '10.0.0.2:41395']);
  });

  test('any connection is found again', async () => {
    await fc.assert(
      fc.asyncProperty(hostPort, hostPort, hostPort, async (client, virtualServer, realServer) => {
        const columns = [client, virtualServer, realServer].flatMap(kernelText);
        const line = ['TCP', ...columns, 'ESTABLISHED', '899'].join(' ');
        const pins = await pinsIn([line], [formatHostPort(client)], formatHostPort(virtualServer));
        expect(pins).toEqual([[formatHostPort(client), realServer]]);
      }),
    );
  });
});

describe('a line of another form', () => {
  test.each([
    ['cut off in the real server', ESTABLISHED.slice(0, 40)],
    ['a real server of letters', ESTABLISHED.replace('0A00000B', 'HELLO!!!')],
    ['a real server of three bytes', ESTABLISHED.replace('0A00000B', '0A0000')],
    ['a port of five digits', ESTABLISHED.replace('192B ESTABLISHED', '1192B ESTABLISHED')],
  ])('%s: the kernel has the connection, and nobody knows with whom', async (_, line) => {
    expect(await pinsIn([line])).toEqual([[CLIENT, 'unreadable']]);
  });

  test('whatever the bytes are, nothing is thrown', async () => {
    const word = fc.oneof(
      fc.constantFrom('TCP', 'UDP', '0A000002', 'A1B2', '0A630001', '192B', 'ESTABLISHED', ':', ''),
      fc.string(),
    );
    const line = fc.array(word, { maxLength: 10 }).map(words => words.join(' '));
    await fc.assert(fc.asyncProperty(fc.array(line), async lines => void (await pinsIn(lines))));
  });
});

test('a long table is read in pieces, while other work goes on', async () => {
  const filler = 'TCP 0B000002 A1B2 0A630009 192B 0A00000B 192B ESTABLISHED     899'; // 66 bytes
  const lines = [HEADING, ...Array<string>(200_000).fill(filler), ESTABLISHED];
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 0);
  expect(await pinsIn(lines)).toHaveLength(1);
  clearInterval(ticking);
  // 13 MB in pieces of 64 KiB
  expect(turns).toBeGreaterThan(20);
});

test('reading ends when it is aborted', async () => {
  const signal = AbortSignal.abort();
  await expect(
    readPins([parseHostPort(CLIENT)], parseHostPort(VIP), { signal, path: '/dev/zero' }),
  ).rejects.toThrow();
});

/** %08X or %pI6, and %04X */
function kernelText({ address, port }: HostPort): string[] {
  const hex = addressToBytes(address).toString('hex');
  const text = address.includes(':') ? (hex.match(/.{4}/g) ?? []).join(':') : hex.toUpperCase();
  return [text, port.toString(16).toUpperCase().padStart(4, '0')];
}
