// The commands with their flags as completions and man pages need them, read from oclif's manifest: what a flag is
// called, and what its value can be. Pure.
import { SCHEDULER_FLAGS, SCHEDULERS } from '../model/scheduler.ts';

export type Value =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' }
  /** An address, a number, a time: nothing can be proposed. */
  | { readonly kind: 'other' };

export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly char: string | undefined;
  readonly summary: string;
  readonly env: string | undefined;
  readonly default: string | undefined;
  /** There is --no-NAME as well. */
  readonly allowNo: boolean;
  /** It can be given more than once. */
  readonly multiple: boolean;
  /** Undefined for a switch. */
  readonly value: Value | undefined;
  /** What stands for the value in texts: "VIP:PORT". */
  readonly label: string;
}

export interface Argument {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly string[];
}

export interface Example {
  readonly description: string | undefined;
  readonly command: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly examples: readonly Example[];
  readonly arguments: readonly Argument[];
  readonly flags: readonly Flag[];
}

interface ManifestFlag {
  readonly name: string;
  readonly type: string;
  readonly char?: string;
  readonly summary?: string;
  readonly env?: string;
  readonly default?: unknown;
  readonly allowNo?: boolean;
  readonly multiple?: boolean;
  readonly hidden?: boolean;
  readonly helpValue?: string;
  readonly options?: readonly string[];
}

interface ManifestCommand {
  readonly summary?: string;
  readonly description?: string;
  readonly examples?: readonly (string | { readonly description: string; readonly command: string })[];
  readonly hidden?: boolean;
  readonly args: Readonly<
    Record<
      string,
      { readonly name: string; readonly description?: string; readonly options?: readonly string[] }
    >
  >;
  readonly flags: Readonly<Record<string, ManifestFlag>>;
}

export interface Manifest {
  readonly commands: Readonly<Record<string, unknown>>;
}

/** `codes` are those that `status --explain` knows. */
export function commandTable({ commands }: Manifest, bin: string, codes: readonly string[]): Command[] {
  return Object.entries(commands as Readonly<Record<string, ManifestCommand>>)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([name, command]) => ({
      name,
      summary: command.summary ?? '',
      description: command.description,
      examples: (command.examples ?? []).map(example => exampleOf(example, bin)),
      arguments: Object.values(command.args).map(({ name, description = '', options = [] }) => ({
        name: name.toUpperCase(),
        summary: description,
        words: options,
      })),
      flags: Object.values(command.flags)
        .filter(({ hidden }) => hidden !== true)
        .map(flag => flagOf(flag, codes)),
    }));
}

function exampleOf(example: string | { description: string; command: string }, bin: string): Example {
  const { description, command } =
    typeof example === 'string' ? { description: undefined, command: example } : example;
  return { description, command: command.replaceAll('<%= config.bin %>', bin) };
}

function flagOf(flag: ManifestFlag, codes: readonly string[]): Flag {
  const { name, char, summary = '', env, allowNo = false, multiple = false, helpValue, options } = flag;
  return {
    name,
    char,
    summary,
    env,
    default: typeof flag.default === 'string' ? flag.default : undefined,
    allowNo,
    multiple,
    value: flag.type === 'boolean' ? undefined : readValue(flag, codes),
    label: helpValue ?? options?.join('|') ?? 'VALUE',
  };
}

function readValue({ name, helpValue = '', options }: ManifestFlag, codes: readonly string[]): Value {
  const known = options ?? { ...NAMED, explain: codes }[name] ?? wordsOf(helpValue);
  if (known.length > 0) return { kind: 'words', words: known };
  if (helpValue === 'FILE') return { kind: 'file' };
  if (helpValue === 'DIR') return { kind: 'directory' };
  return { kind: 'other' };
}

/** Flags whose values are too many for their help. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  scheduler: SCHEDULERS,
  'scheduler-flags': SCHEDULER_FLAGS,
};

/** Of "HOST:PORT|none" that which is typed as it stands. */
function wordsOf(helpValue: string): string[] {
  return helpValue.includes('|') ? helpValue.split('|').filter(word => /^[a-z]/.test(word)) : [];
}
