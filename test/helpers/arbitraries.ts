// Generated values that every module agrees on: addresses, HOST:PORT, services, destinations, specs.
import fc from 'fast-check';
import type { Destination, Forwarding, Service } from '../../src/lib/ipvs/types.ts';
import { addressFromBytes, type HostPort } from '../../src/lib/model/address.ts';
import { SCHEDULER_FLAGS, SCHEDULERS } from '../../src/lib/model/scheduler.ts';
import type { ProxySpec } from '../../src/lib/model/spec.ts';

/** Bytes of an address; zeros are frequent, so that the compression of IPv6 text is exercised. */
const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));

export const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
export const ipv6Bytes = fc
  .array(byte, { minLength: 16, maxLength: 16 })
  .map(bytes => Uint8Array.from(bytes));

export const ipv4 = ipv4Bytes.map(addressFromBytes);
/** Canonical text, without ::ffff:0:0/96, which parseAddress refuses. */
export const ipv6 = ipv6Bytes.map(addressFromBytes).filter(address => !address.startsWith('::ffff:'));
export const address = fc.oneof(ipv4, ipv6);

export const port = fc.integer({ min: 1, max: 65535 });
export const hostPort: fc.Arbitrary<HostPort> = fc.record({ address, port });

/** A scheduler name as the kernel has it: at most 15 bytes (IP_VS_SCHEDNAME_MAXLEN counts the NUL). */
export const schedulerName = fc.stringMatching(/^[a-z_]{0,15}$/);

const u32 = fc.integer({ min: 0, max: 0xffffffff });

export const service: fc.Arbitrary<Service> = fc.record({
  address,
  port: fc.integer({ min: 0, max: 65535 }),
  scheduler: schedulerName,
  // IP_VS_SVC_F_HASHED (2) is the kernel's own and never shown.
  flags: u32.map(flags => (flags & ~2) >>> 0),
  timeoutS: u32,
});

export const forwarding = fc.constantFrom<Forwarding>('masquerade', 'local', 'tunnel', 'route', 'bypass');

export const destination: fc.Arbitrary<Destination> = fc.record({
  address,
  port: fc.integer({ min: 0, max: 65535 }),
  weight: fc.integer({ min: 0, max: 0x7fffffff }),
  forwarding,
});

/** Addresses of which some are acceptable and some are not, few enough that they collide. */
const specAddress = fc.oneof(
  fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.99.0.1', 'fd00::1', 'fd00::2', 'fd00:99::1'),
  fc.constantFrom(
    '0.0.0.0',
    '127.0.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '169.254.1.1',
    '::',
    '::1',
    'ff02::1',
    'fe80::1',
  ),
  address,
);
const specHostPort = fc.record({ address: specAddress, port: fc.oneof(fc.constantFrom(6443, 443), port) });

/** Anything that the flags can say, valid or not. */
export const spec: fc.Arbitrary<ProxySpec> = fc.record({
  virtualServer: specHostPort,
  realServers: fc.array(specHostPort, { maxLength: 4 }),
  scheduler: fc.constantFrom(...SCHEDULERS),
  schedulerFlags: fc.subarray([...SCHEDULER_FLAGS], { maxLength: 2 }),
  sourceIp: fc.option(specAddress, { nil: undefined }),
  route: fc.boolean(),
});
