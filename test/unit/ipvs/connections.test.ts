// Lines as ip_vs_conn_seq_show prints them (net/netfilter/ipvs/ip_vs_conn.c): addresses in hexadecimal, %08X for IPv4
// and %pI6 for IPv6, ports %04X, the state padded to 11, the seconds left padded to 7, then what a persistence engine
// (SIP) adds.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConnections, readConnections, realServerOf } from '../../../src/lib/ipvs/connections.ts';
import { addressToBytes, type HostPort, parseHostPort } from '../../../src/lib/model/address.ts';
import { hostPort } from '../../helpers/arbitraries.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const HEADING = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData';
const ESTABLISHED = 'TCP 0A000002 A1B2 0A630001 192B 0A00000B 192B ESTABLISHED     899';

const connection = (client: string, vip: string, realServer: string, state: string) => ({
  client: parseHostPort(client),
  virtualServer: parseHostPort(vip),
  realServer: parseHostPort(realServer),
  state,
});

describe('a table becomes connections', () => {
  test.each<[string, string[], ReturnType<typeof parseConnections>]>([
    ['only the heading: none', [HEADING], []],
    ['nothing at all: none', [], []],
    [
      'IPv4',
      [HEADING, ESTABLISHED],
      [connection('10.0.0.2:41394', '10.99.0.1:6443', '10.0.0.11:6443', 'ESTABLISHED')],
    ],
    [
      'IPv6, which the kernel never compresses',
      [
        'TCP fd00:0000:0000:0000:0000:0000:0000:0002 A1B2 fd99:0000:0000:0000:0000:0000:0000:0001 192B fd00:0000:0000:0000:0000:0000:0000:000b 192B SYN_RECV         57',
      ],
      [connection('[fd00::2]:41394', '[fd99::1]:6443', '[fd00::b]:6443', 'SYN_RECV')],
    ],
    [
      'two, in the order of the table',
      [
        'TCP 0A000002 0001 0A630001 192B 0A00000B 192B FIN_WAIT        10',
        'TCP 0A000002 FFFF 0A630001 192B 0A00000C 192B TIME_WAIT      119',
      ],
      [
        connection('10.0.0.2:1', '10.99.0.1:6443', '10.0.0.11:6443', 'FIN_WAIT'),
        connection('10.0.0.2:65535', '10.99.0.1:6443', '10.0.0.12:6443', 'TIME_WAIT'),
      ],
    ],
    [
      'what a persistence engine adds is passed over',
      [`${ESTABLISHED} sip 123@10.0.0.2`],
      [connection('10.0.0.2:41394', '10.99.0.1:6443', '10.0.0.11:6443', 'ESTABLISHED')],
    ],
    [
      'a template of a persistent service, which has no client port',
      ['TCP 0A000002 0000 0A630001 192B 0A00000B 192B NONE           350'],
      [
        {
          ...connection('10.0.0.2:1', '10.99.0.1:6443', '10.0.0.11:6443', 'NONE'),
          client: { address: '10.0.0.2', port: 0 },
        },
      ],
    ],
    [
      'other protocols are passed over',
      [ESTABLISHED.replace('TCP', 'UDP'), ESTABLISHED.replace('TCP', 'SCTP')],
      [],
    ],
  ])('%s', (_, lines, connections) => {
    expect(parseConnections(lines.map(line => `${line}\n`).join(''))).toEqual(connections);
  });
});

describe('a line that is none is passed over', () => {
  test.each([
    ['cut off in the address', 'TCP 0A0000'],
    ['cut off before the state', 'TCP 0A000002 A1B2 0A630001 192B 0A00000B 192B'],
    ['letters where digits belong', ESTABLISHED.replace('0A000002', 'HELLO!!!')],
    ['an address of three bytes', ESTABLISHED.replace('0A000002', '0A0000')],
    [
      'an IPv6 address of seven groups',
      ESTABLISHED.replace('0A000002', 'fd00:0000:0000:0000:0000:0000:0002'),
    ],
    ['a port of five digits', ESTABLISHED.replace('A1B2', '1A1B2')],
    ['a port that is no number', ESTABLISHED.replace('A1B2', 'port')],
    ['TCP alone', 'TCP'],
  ])('%s', (_, line) => {
    expect(parseConnections(`${line}\n${ESTABLISHED}\n`)).toHaveLength(1);
  });

  test('whatever the bytes are, nothing is thrown', () => {
    const word = fc.oneof(
      fc.constantFrom('TCP', 'UDP', '0A000002', '192B', 'ESTABLISHED', ':', ''),
      fc.string(),
    );
    const line = fc.array(word, { maxLength: 10 }).map(words => words.join(' '));
    fc.assert(
      fc.property(fc.array(line), lines => {
        parseConnections(lines.join('\n'));
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('which real server serves a client', () => {
  const table = parseConnections(
    [
      ESTABLISHED,
      'TCP 0A000002 A1B3 0A630001 192B 0A00000C 192B ESTABLISHED     899',
      'TCP 0A000002 A1B2 0A630002 192B 0A00000D 192B ESTABLISHED     899',
    ].join('\n'),
  );

  test.each([
    ['by the port of the client', '10.0.0.2:41395', '10.99.0.1:6443', '10.0.0.12:6443'],
    ['by the virtual server', '10.0.0.2:41394', '10.99.0.2:6443', '10.0.0.13:6443'],
    ['none that the kernel knows', '10.0.0.3:41394', '10.99.0.1:6443', undefined],
  ])('%s', (_, client, vip, realServer) => {
    const found = realServerOf(table, parseHostPort(client), parseHostPort(vip));
    expect(found).toEqual(realServer && parseHostPort(realServer));
  });

  test('any connection is found again', () => {
    fc.assert(
      fc.property(hostPort, hostPort, hostPort, (client, virtualServer, realServer) => {
        const line = [
          'TCP',
          ...[client, virtualServer, realServer].flatMap(kernelText),
          'ESTABLISHED',
          '899',
        ].join(' ');
        expect(realServerOf(parseConnections(line), client, virtualServer)).toEqual(realServer);
      }),
    );
  });
});

test('the table is read from a file', () => {
  const path = join(tempDir(), 'ip_vs_conn');
  writeFileSync(path, `${HEADING}\n${ESTABLISHED}\n`);
  expect(readConnections(path)).toHaveLength(1);
});

/** %08X or %pI6, and %04X */
function kernelText({ address, port }: HostPort): string[] {
  const hex = addressToBytes(address).toString('hex');
  const text = address.includes(':') ? (hex.match(/.{4}/g) ?? []).join(':') : hex.toUpperCase();
  return [text, port.toString(16).toUpperCase().padStart(4, '0')];
}
