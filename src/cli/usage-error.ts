// oclif's usage errors as ours: one sentence that names the flag, and what was probably meant or where to look. Pure.
import { EXIT_USAGE, messageOf, UsageError } from '../lib/errors.ts';
import { expectOneOf, nearestFlag } from '../lib/model/nearest.ts';

export interface Known {
  /** As it is typed: "bcs-apiserver-proxy init". */
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly flags: Readonly<Record<string, { readonly type: string; readonly allowNo?: boolean }>>;
}

/** Any other error as it is. */
export function asUsageError(error: Error, known: Known): Error {
  return isOclifUsage(error) ? new UsageError(sentenceOf(error, known), { cause: error }) : error;
}

type OclifUsageError = Error & {
  oclif: { exit: number };
  flags?: string[];
  /** Words that are too many, or what is missing. */
  args?: (string | { name: string; options?: readonly string[] })[];
};

/** Recognised by field: `instanceof` fails when a class is bundled twice. */
function isOclifUsage(error: Error): error is OclifUsageError {
  return 'oclif' in error && (error.oclif as { exit?: number }).exit === EXIT_USAGE;
}

/** A value, or an argument, that is none of a few: oclif has no field for it. */
const NONE_OF_A_FEW = /^Expected (?:(--[^=]+)=)?(.*) to be one of: (.*)$/;

function sentenceOf(error: OclifUsageError, { command, args: taken, flags: known }: Known): string {
  const { flags, args } = error;
  const help = `see ${command} --help`;
  if (flags) return `${flags.join(' ')}: unknown flag; ${hintFor(flags, known) ?? help}`;
  const missing = args?.find(word => typeof word !== 'string');
  if (missing?.options)
    return `${missing.name.toUpperCase()}: ${expectOneOf(undefined, missing.options)}; ${help}`;
  if (args) {
    const arguments_ = Object.keys(taken).length > 0 ? 'more arguments' : 'arguments';
    return `${args.join(' ')}: ${command} takes no ${arguments_}; ${help}`;
  }
  const [firstLine = ''] = messageOf(error).split('\n');
  const [, flag, value = '', options] = NONE_OF_A_FEW.exec(firstLine) ?? [];
  if (options === undefined) return `${firstLine}; ${help}`;
  return `${flag === undefined ? '' : `${flag} `}${value}: ${expectOneOf(value, options.split(', '))}`;
}

/** Undefined when none of them is like one that the command has. */
function hintFor(typed: readonly string[], known: Known['flags']): string | undefined {
  const names = Object.entries(known).flatMap(([name, { allowNo }]) =>
    allowNo === true ? [name, `no-${name}`] : [name],
  );
  const meant = typed.map(flag => nearestFlag(flag, names)).filter(name => name !== undefined);
  return meant.length === 0 ? undefined : `did you mean ${meant.map(name => `--${name}`).join(' and ')}?`;
}
