// The values of a specification, read in one way whoever gives them: flags, environment, a file, the persisted set. Pure.
import { DEFAULT_SCHEDULER, SCHEDULER_FLAGS, SCHEDULERS } from './scheduler.ts';
import type { ProxySpec } from './spec.ts';
import { address, boolean, hostPort, integer, listOf, oneOf, type Reader } from './values.ts';

export const SPEC_READERS = {
  vs: hostPort('write VIP:PORT, for example 10.99.0.1:6443'),
  rs: listOf(hostPort('write HOST:PORT, for example 10.0.0.11:6443'), 'HOST:PORT'),
  scheduler: oneOf(...SCHEDULERS),
  schedulerFlags: listOf(oneOf(...SCHEDULER_FLAGS), 'scheduler flags'),
  sourceIp: address,
  /** IPv4 promises 68 bytes and Linux takes 576 for the least that is of use; IPv6 promises 1280 (RFC 8200, 5). */
  mtu: integer(576, 65535),
  route: boolean,
} satisfies Record<string, Reader<unknown>>;

type SpecKey = keyof typeof SPEC_READERS;
export type SpecValues = { readonly [K in SpecKey]?: ReturnType<(typeof SPEC_READERS)[K]> };

/** What is undefined or null is not given, and other keys are passed over. Throws UsageError. */
export function readSpecValues(
  raw: Readonly<Record<string, unknown>>,
  nameOf: (key: SpecKey) => string,
): SpecValues {
  const keys = Object.keys(SPEC_READERS) as SpecKey[];
  const given = keys.filter(key => raw[key] !== undefined && raw[key] !== null);
  return Object.fromEntries(given.map(key => [key, SPEC_READERS[key](raw[key], nameOf(key))]));
}

/** With the defaults of what is not given; it is still to be validated. */
export function specOf(values: SpecValues & Required<Pick<SpecValues, 'vs'>>): ProxySpec {
  const {
    vs,
    rs = [],
    scheduler = DEFAULT_SCHEDULER,
    schedulerFlags = [],
    sourceIp,
    mtu,
    route = true,
  } = values;
  return { virtualServer: vs, realServers: rs, scheduler, schedulerFlags, sourceIp, mtu, route };
}
