import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/lib/errors.ts';
import { familyOf, formatHostPort, parseHostPort, rangeOf } from '../../../src/lib/model/address.ts';
import { type ProxySpec, validateSpec } from '../../../src/lib/model/spec.ts';
import { spec as anySpec } from '../../helpers/arbitraries.ts';

/** A good spec; a test names what is special about it. */
function spec({
  vs = '10.99.0.1:6443',
  rs = ['10.0.0.1:6443', '10.0.0.2:6443'],
  ...rest
}: Partial<Omit<ProxySpec, 'virtualServer' | 'realServers'>> & {
  vs?: string;
  rs?: string[];
} = {}): ProxySpec {
  return {
    virtualServer: parseHostPort(vs),
    realServers: rs.map(parseHostPort),
    scheduler: 'sh',
    schedulerFlags: [],
    route: true,
    ...rest,
  };
}

/** The text of the UsageError, with its exit code in front. */
function complaint(value: ProxySpec): string {
  try {
    validateSpec(value);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return `${error.exitCode} ${error.message}`;
  }
}

describe('the VIP cannot be', () => {
  const remedy = 'choose an unused private address, for example 10.99.0.1';
  const loopback =
    'a loopback address cannot be the VIP: packets from 127.0.0.1 or ::1 never leave the host, so every connection would time out';
  test.each([
    ['0.0.0.0:6443', 'the unspecified address means "any" and cannot be connected to'],
    ['[::]:6443', 'the unspecified address means "any" and cannot be connected to'],
    ['0.1.2.3:6443', 'the unspecified address means "any" and cannot be connected to'],
    ['255.255.255.255:6443', 'the broadcast address cannot be connected to'],
    ['240.0.0.1:6443', 'addresses of 240.0.0.0/4 are reserved, and not routed'],
    ['224.0.0.1:6443', 'a multicast address cannot be connected to over TCP'],
    ['239.255.255.255:6443', 'a multicast address cannot be connected to over TCP'],
    ['[ff02::1]:6443', 'a multicast address cannot be connected to over TCP'],
    ['169.254.10.1:6443', 'a link-local address has no meaning beyond one link'],
    ['[fe80::1]:6443', 'a link-local address has no meaning beyond one link'],
    ['127.0.0.1:6444', loopback],
    ['127.255.255.254:6444', loopback],
    ['[::1]:6444', loopback],
  ])('%s: %s', (vs, reason) => {
    const rs = [vs.startsWith('[') ? '[fd00::1]:6443' : '10.0.0.1:6443'];
    expect(complaint(spec({ vs, rs }))).toBe(`64 --vs ${vs}: ${reason}; ${remedy}`);
  });

  test('the address of a real server, on whatever port', () => {
    expect(complaint(spec({ vs: '10.0.0.2:6443' }))).toBe(
      `64 --vs 10.0.0.2:6443: the VIP must not be the address of a real server (--rs 10.0.0.2:6443); ${remedy}`,
    );
    expect(complaint(spec({ vs: '10.0.0.2:8443' }))).toBe(
      `64 --vs 10.0.0.2:8443: the VIP must not be the address of a real server (--rs 10.0.0.2:6443); ${remedy}`,
    );
    expect(complaint(spec({ vs: '[fd00::1]:6443', rs: ['[fd00:0::1]:6444'] }))).toBe(
      `64 --vs [fd00::1]:6443: the VIP must not be the address of a real server (--rs [fd00::1]:6444); ${remedy}`,
    );
  });
});

describe('the real servers cannot be', () => {
  test('none', () => {
    expect(complaint(spec({ rs: [] }))).toBe(
      '64 --rs: at least one real server is needed; give --rs HOST:PORT once for each master',
    );
  });

  test('of another address family than the VIP', () => {
    expect(complaint(spec({ rs: ['10.0.0.1:6443', '[fd00::2]:6443'] }))).toBe(
      "64 --rs [fd00::2]:6443: real servers must be of the VIP's address family (10.99.0.1:6443), the kernel refuses a mix; give the master's address of that family",
    );
    expect(complaint(spec({ vs: '[fd00:99::1]:6443', rs: ['10.0.0.1:6443'] }))).toBe(
      "64 --rs 10.0.0.1:6443: real servers must be of the VIP's address family ([fd00:99::1]:6443), the kernel refuses a mix; give the master's address of that family",
    );
  });

  test('alike, however they are written', () => {
    expect(complaint(spec({ rs: ['10.0.0.1:6443', '10.0.0.2:6443', '10.0.0.1:6443'] }))).toBe(
      '64 --rs 10.0.0.1:6443: the real server is given twice; give each master once',
    );
    expect(complaint(spec({ vs: '[fd00:99::1]:6443', rs: ['[fd00::1]:6443', '[FD00:0:0::1]:6443'] }))).toBe(
      '64 --rs [fd00::1]:6443: the real server is given twice; give each master once',
    );
  });

  test.each([
    ['0.0.0.0:6443', 'the unspecified address'],
    ['[::]:6443', 'the unspecified address'],
    ['255.255.255.255:6443', 'the broadcast address'],
    ['224.0.0.1:6443', 'a multicast address'],
    ['[ff02::1]:6443', 'a multicast address'],
    ['169.254.10.1:6443', 'a link-local address'],
    ['[fe80::1]:6443', 'a link-local address'],
    ['127.0.0.1:6443', 'a loopback address'],
    ['[::1]:6443', 'a loopback address'],
  ])('%s, which no other node reaches', (rs, what) => {
    const vs = rs.startsWith('[') ? '[fd00:99::1]:6443' : '10.99.0.1:6443';
    expect(complaint(spec({ vs, rs: [rs] }))).toBe(
      `64 --rs ${rs}: ${what} cannot be a real server; give the address at which other nodes reach this master`,
    );
  });
});

describe('a scheduler flag must belong to the scheduler', () => {
  test.each([
    ['rr', 'sh-port', 'sh'],
    ['rr', 'sh-fallback', 'sh'],
    ['sh', 'mh-port', 'mh'],
    ['mh', 'sh-fallback', 'sh'],
    ['wlc', 'mh-fallback', 'mh'],
  ] as const)('%s has no %s', (scheduler, flag, owner) => {
    expect(complaint(spec({ scheduler, schedulerFlags: [flag] }))).toBe(
      `64 --scheduler-flags ${flag}: the flag belongs to scheduler ${owner}, not to ${scheduler}; leave it out or use --scheduler ${owner}`,
    );
  });

  test('the first wrong one is named', () => {
    expect(complaint(spec({ schedulerFlags: ['sh-port', 'mh-port'] }))).toBe(
      '64 --scheduler-flags mh-port: the flag belongs to scheduler mh, not to sh; leave it out or use --scheduler mh',
    );
  });
});

describe('the source address must be of the family of the VIP', () => {
  test.each([
    ['10.99.0.1:6443', '10.0.0.1:6443', 'fd00::9'],
    ['[fd00:99::1]:6443', '[fd00::1]:6443', '10.0.0.9'],
  ])('VIP %s, real server %s, source %s', (vs, rs, sourceIp) => {
    expect(complaint(spec({ vs, rs: [rs], sourceIp }))).toBe(
      `64 --source-ip ${sourceIp}: the source must be of the VIP's address family (${vs}); give an address of this host of that family`,
    );
  });
});

describe('accepted are', () => {
  test.each<[string, ProxySpec]>([
    ['one real server', spec({ rs: ['10.0.0.1:6443'] })],
    ['other ports than that of the VIP', spec({ rs: ['10.0.0.1:443', '10.0.0.2:8443'] })],
    ['two ports of one host', spec({ rs: ['10.0.0.1:6443', '10.0.0.1:6444'] })],
    ['IPv6 throughout', spec({ vs: '[fd00:99::1]:6443', rs: ['[fd00::1]:6443'], sourceIp: 'fd00::9' })],
    ['public addresses', spec({ vs: '198.51.100.1:6443', rs: ['8.8.8.8:6443'] })],
    ['shared address space', spec({ vs: '100.64.0.1:6443' })],
    ['a source address of the family', spec({ sourceIp: '10.0.0.9' })],
    ['no source address', spec({ sourceIp: undefined })],
    ['all flags of sh', spec({ schedulerFlags: ['sh-port', 'sh-fallback'] })],
    ['all flags of mh', spec({ scheduler: 'mh', schedulerFlags: ['mh-port', 'mh-fallback'] })],
    ['no route', spec({ route: false })],
  ])('%s', (_, value) => {
    expect(complaint(value)).toBe('accepted');
  });
});

describe('whatever is accepted', () => {
  const accepted = anySpec.filter(value => complaint(value) === 'accepted');

  test('has real servers of one family, all different, none at the VIP, none unreachable', () => {
    fc.assert(
      fc.property(accepted, ({ virtualServer, realServers, sourceIp }) => {
        const addresses = [virtualServer, ...realServers].map(({ address }) => address);
        if (sourceIp !== undefined) addresses.push(sourceIp);
        expect(realServers.length).toBeGreaterThan(0);
        expect(new Set(addresses.map(familyOf)).size).toBe(1);
        expect(new Set(realServers.map(formatHostPort)).size).toBe(realServers.length);
        expect(realServers.map(({ address }) => address)).not.toContain(virtualServer.address);
        for (const { address } of [virtualServer, ...realServers]) {
          expect(['unspecified', 'broadcast', 'multicast', 'linkLocal', 'loopback']).not.toContain(
            rangeOf(address),
          );
        }
      }),
    );
  });

  test('stays accepted with its real servers in another order, and with one of them less', () => {
    fc.assert(
      fc.property(accepted, value => {
        const realServers = value.realServers.toReversed();
        expect(complaint({ ...value, realServers })).toBe('accepted');
        if (realServers.length > 1) {
          expect(complaint({ ...value, realServers: realServers.slice(1) })).toBe('accepted');
        }
      }),
    );
  });

  test('is refused once a real server is repeated, moved to the VIP or to the other family', () => {
    fc.assert(
      fc.property(accepted, fc.nat(), (value, index) => {
        const one = value.realServers[index % value.realServers.length];
        const foreign = familyOf(value.virtualServer.address) === 'ipv4' ? 'fd00::77' : '10.7.7.7';
        for (const added of [one, { ...value.virtualServer, port: 1 }, { address: foreign, port: 6443 }]) {
          const realServers = [...value.realServers, ...(added === undefined ? [] : [added])];
          expect(complaint({ ...value, realServers })).toMatch(/^64 --(?:rs|vs) /);
        }
      }),
    );
  });
});

test('anything that the flags can say is accepted or refused with a UsageError, never with another error', () => {
  fc.assert(
    fc.property(anySpec, value => {
      expect(complaint(value)).toMatch(/^(?:accepted|64 --(?:vs|rs|scheduler-flags|source-ip)\b.*; .+)$/);
    }),
    { numRuns: 1000 },
  );
});
