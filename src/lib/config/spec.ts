// A specification from flags alone, for who sets up a node.
import { UsageError } from '../errors.ts';
import { type ProxySpec, validateSpec } from '../model/spec.ts';
import { specOf } from '../model/spec-values.ts';
import { readFlags } from './settings.ts';

/** Flags as oclif hands them over. Throws a UsageError that names flag, value, rule and remedy. */
export function readSpec(flags: Readonly<Record<string, unknown>>): ProxySpec {
  const { vs, ...values } = readFlags(flags);
  if (vs === undefined) {
    throw new UsageError(
      '--vs: the virtual server is missing; give --vs VIP:PORT, for example 10.99.0.1:6443',
    );
  }
  const spec = specOf({ ...values, vs });
  validateSpec(spec);
  return spec;
}
