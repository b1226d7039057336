import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AddressSyntaxError,
  AF_INET,
  AF_INET6,
  addressFromBytes,
  addressToBytes,
  equalHostPort,
  familyNumber,
  familyOf,
  formatHostPort,
  parseAddress,
  parseHostPort,
  rangeOf,
} from '../../../src/lib/model/address.ts';
import { address, hostPort, ipv4Bytes, ipv6Bytes } from '../../helpers/arbitraries.ts';

const UNBRACKETED = 'an IPv6 address must stand in brackets, as in [fd00::1]:6443';
const ZONE = 'an address with a zone index cannot be used';
const MAPPED = 'an IPv4-mapped IPv6 address cannot be used; write it as IPv4';
const notAnAddress = (text: string) => `"${text}" is not an IP address (host names are not resolved)`;
const notAPort = (text: string) => `"${text}" is not a port from 1 to 65535`;

describe('HOST:PORT is refused with the rule that it breaks', () => {
  test.each([
    ['nothing', '', notAnAddress('')],
    ['blanks', '  ', notAnAddress('  ')],
    ['an IPv4 address without a port', '10.0.0.1', 'the port is missing'],
    ['an IPv6 address without a port', '[fd00::1]', 'the port is missing'],
    ['a port without an address', ':6443', notAnAddress('')],
    ['an empty port', '10.0.0.1:', notAPort('')],
    ['an empty port after brackets', '[fd00::1]:', notAPort('')],
    ['port 0', '10.0.0.1:0', notAPort('0')],
    ['port 00000', '10.0.0.1:00000', notAPort('00000')],
    ['a port above 65535', '10.0.0.1:65536', notAPort('65536')],
    ['a port that overflows 16 bits to a good one', '10.0.0.1:71979', notAPort('71979')],
    ['a port of six digits', '10.0.0.1:006443', notAPort('006443')],
    ['a port with a letter', '10.0.0.1:6443x', notAPort('6443x')],
    ['a hexadecimal port', '10.0.0.1:0x1f', notAPort('0x1f')],
    ['a port with an exponent', '10.0.0.1:1e3', notAPort('1e3')],
    ['a port with a fraction', '10.0.0.1:1.5', notAPort('1.5')],
    ['a port with a plus sign', '10.0.0.1:+1', notAPort('+1')],
    ['a port with a minus sign', '10.0.0.1:-1', notAPort('-1')],
    ['a service name as port', '10.0.0.1:https', notAPort('https')],
    ['digits that are not ASCII', '10.0.0.1:\u0661', notAPort('\u0661')],
    ['two ports', '10.0.0.1:6443:6444', notAPort('6443:6444')],
    ['two ports after brackets', '[fd00::1]:6443:6444', notAPort('6443:6444')],
    ['a host name', 'master-1:6443', notAnAddress('master-1')],
    ['a domain name', 'master.example.com:6443', notAnAddress('master.example.com')],
    ['a URL', 'https://10.0.0.1:6443', notAnAddress('https')],
    ['a prefix length', '10.0.0.0/24:6443', notAnAddress('10.0.0.0/24')],
    ['two parts', '10.1:1', notAnAddress('10.1')],
    ['three parts', '10.0.1:1', notAnAddress('10.0.1')],
    ['one number', '167772161:1', notAnAddress('167772161')],
    ['a hexadecimal address', '0x0a000001:1', notAnAddress('0x0a000001')],
    ['hexadecimal parts', '0xa.0.0.1:1', notAnAddress('0xa.0.0.1')],
    ['five parts', '10.0.0.0.1:1', notAnAddress('10.0.0.0.1')],
    ['a part above 255', '10.0.0.256:1', notAnAddress('10.0.0.256')],
    ['a port with a leading zero, which some read as octal', '10.0.0.1:06443', notAPort('06443')],
    ['a part with a leading zero, which some read as octal', '010.0.0.1:1', notAnAddress('010.0.0.1')],
    ['IPv4 in brackets', '[10.0.0.1]:1', 'brackets are for IPv6 addresses'],
    ['empty brackets', '[]:1', 'brackets are for IPv6 addresses'],
    ['a name in brackets', '[master]:1', 'brackets are for IPv6 addresses'],
    ['IPv6 without brackets', 'fd00::1', UNBRACKETED],
    ['IPv6 without brackets, with a port', 'fd00::1:6443', UNBRACKETED],
    ['IPv6 without brackets that starts with colons', '::1', UNBRACKETED],
    ['IPv6 without brackets, written out', '1:2:3:4:5:6:7:8:6443', UNBRACKETED],
    ['a bracket that is not closed', '[fd00::1', UNBRACKETED],
    ['a bracket that is not opened', 'fd00::1]:1', UNBRACKETED],
    ['something between bracket and port', '[fd00::1]6443', UNBRACKETED],
    ['something before the bracket', 'x[fd00::1]:1', UNBRACKETED],
    ['brackets in brackets', '[[fd00::1]]:1', UNBRACKETED],
    ['a zone name', '[fe80::1%eth0]:1', ZONE],
    ['a zone number', '[fd00::1%1]:1', ZONE],
    ['an empty zone', '[fd00::1%]:1', ZONE],
    ['IPv4-mapped, dotted', '[::ffff:10.0.0.1]:1', MAPPED],
    ['IPv4-mapped, hexadecimal', '[::ffff:a00:1]:1', MAPPED],
    ['IPv4-mapped, upper case', '[::FFFF:A00:1]:1', MAPPED],
    ['an octal part inside IPv6', '[64:ff9b::010.0.0.1]:1', notAnAddress('64:ff9b::010.0.0.1')],
    ['a hexadecimal part inside IPv6', '[64:ff9b::0xa.0.0.1]:1', notAnAddress('64:ff9b::0xa.0.0.1')],
    ['two gaps', '[fd00::1::2]:1', notAnAddress('fd00::1::2')],
    ['three colons', '[fd00:::1]:1', notAnAddress('fd00:::1')],
    ['seven groups', '[1:2:3:4:5:6:7]:1', notAnAddress('1:2:3:4:5:6:7')],
    ['nine groups', '[1:2:3:4:5:6:7:8:9]:1', notAnAddress('1:2:3:4:5:6:7:8:9')],
    ['a gap of nothing', '[1:2:3:4:5:6:7:8::]:1', notAnAddress('1:2:3:4:5:6:7:8::')],
    ['a group of five digits', '[fd00::00001]:1', notAnAddress('fd00::00001')],
    ['a group that is not hexadecimal', '[fd00::g]:1', notAnAddress('fd00::g')],
    ['a blank before', ' 10.0.0.1:1', notAnAddress(' 10.0.0.1')],
    ['a blank before the colon', '10.0.0.1 :1', notAnAddress('10.0.0.1 ')],
    ['a blank after the colon', '10.0.0.1: 1', notAPort(' 1')],
    ['a blank after', '10.0.0.1:1 ', notAPort('1 ')],
    ['a line break after', '10.0.0.1:1\n', notAPort('1\n')],
    ['a blank in brackets', '[ fd00::1]:1', notAnAddress(' fd00::1')],
    ['a list', '10.0.0.1:1,10.0.0.2:1', notAPort('1,10.0.0.2:1')],
  ])('%s', (_, text, rule) => {
    expect(() => parseHostPort(text)).toThrow(new AddressSyntaxError(rule));
  });
});

describe('HOST:PORT is taken in its canonical form', () => {
  test.each([
    ['IPv4', '10.0.0.1:6443', '10.0.0.1', 6443],
    ['the lowest port', '10.0.0.1:1', '10.0.0.1', 1],
    ['the highest port', '10.0.0.1:65535', '10.0.0.1', 65535],
    ['the lowest IPv4 address', '0.0.0.0:1', '0.0.0.0', 1],
    ['the highest IPv4 address', '255.255.255.255:1', '255.255.255.255', 1],
    ['IPv6', '[fd00::1]:6443', 'fd00::1', 6443],
    ['upper case', '[FD00::ABCD]:1', 'fd00::abcd', 1],
    ['leading zeros of a group', '[fd00::000a]:1', 'fd00::a', 1],
    ['zeros written out', '[fd00:0:0:0:0:0:0:1]:1', 'fd00::1', 1],
    ['the longest run of zeros is shortened', '[2001:0:0:1:0:0:0:1]:1', '2001:0:0:1::1', 1],
    ['the first of two runs alike is shortened', '[2001:db8:0:0:1:0:0:1]:1', '2001:db8::1:0:0:1', 1],
    ['a single zero is not shortened', '[2001:db8::1:1:1:1:1]:1', '2001:db8:0:1:1:1:1:1', 1],
    ['the unspecified address', '[::]:1', '::', 1],
    ['zeros at the end', '[fd00:1:2:3:4:5:0:0]:1', 'fd00:1:2:3:4:5::', 1],
    ['IPv4 inside IPv6', '[64:ff9b::10.0.0.1]:1', '64:ff9b::a00:1', 1],
  ])('%s', (_, text, expectedAddress, expectedPort) => {
    expect(parseHostPort(text)).toEqual({ address: expectedAddress, port: expectedPort });
  });

  test('text of any HOST:PORT is read back', () => {
    fc.assert(
      fc.property(hostPort, value => {
        expect(parseHostPort(formatHostPort(value))).toEqual(value);
      }),
    );
  });
});

describe('an address', () => {
  test('is accepted exactly when Node accepts it too, zones and IPv4-mapped ones aside', () => {
    const nearlyAnAddress = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCF:.%x[] '), maxLength: 24 }),
      fc.tuple(address, fc.nat(), fc.constantFrom(...'0123456789afAFx:.% ', '')).map(([text, at, edit]) => {
        const where = at % (text.length + 1);
        return text.slice(0, where) + edit + text.slice(where + (at % 2));
      }),
    );
    fc.assert(
      fc.property(nearlyAnAddress, text => {
        const outcome = attempt(() => parseAddress(text));
        if (outcome === MAPPED) return;
        const accepted = isIP(text) !== 0 && !text.includes('%');
        expect(isIP(outcome) !== 0, `${text}: ${outcome}`).toBe(accepted);
      }),
      { numRuns: 2000 },
    );
  });

  test('in its canonical form is canonical', () => {
    fc.assert(
      fc.property(address, text => {
        expect(parseAddress(text)).toBe(text);
        expect(familyOf(text)).toBe(isIP(text) === 4 ? 'ipv4' : 'ipv6');
      }),
    );
  });

  test('has the canonical text that a URL has', () => {
    fc.assert(
      fc.property(ipv6Bytes, bytes => {
        const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
        const { hostname } = new URL(`http://[${groups.join(':')}]`);
        expect(`[${addressFromBytes(bytes)}]`).toBe(hostname);
      }),
    );
  });

  test('of either family survives its bytes', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Bytes, ipv6Bytes), bytes => {
        expect([...addressToBytes(addressFromBytes(bytes))]).toEqual([...bytes]);
      }),
    );
  });

  test.each([
    ['10.0.0.1', 'ipv4', AF_INET, [10, 0, 0, 1]],
    ['fd00::1', 'ipv6', AF_INET6, [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ])('%s is %s to people and %i to the kernel', (text, family, number, bytes) => {
    expect(familyOf(text)).toBe(family);
    expect(familyNumber(text)).toBe(number);
    expect([...addressToBytes(text)]).toEqual(bytes);
  });

  test('knows the range that it is registered in', () => {
    expect(['10.0.0.1', '127.0.0.1', 'fd00::1', 'ff02::1', '8.8.8.8'].map(rangeOf)).toEqual([
      'private',
      'loopback',
      'uniqueLocal',
      'multicast',
      'unicast',
    ]);
  });
});

test('the numbers of the families are those of <linux/socket.h>', () => {
  expect([AF_INET, AF_INET6]).toEqual([2, 10]);
});

test.each([
  ['the same', { address: '10.0.0.1', port: 1 }, true],
  ['another port', { address: '10.0.0.1', port: 2 }, false],
  ['another address', { address: '10.0.0.2', port: 1 }, false],
])('equal means address and port: %s', (_, other, expected) => {
  expect(equalHostPort({ address: '10.0.0.1', port: 1 }, other)).toBe(expected);
});

/** The parsed text, or the rule that it broke. */
function attempt(parse: () => string): string {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AddressSyntaxError) return error.message;
    throw error;
  }
}
