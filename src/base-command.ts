// What every command shares: --json, the flag factories, and errors as JSON where JSON was asked for.
import { Command, Flags } from '@oclif/core';
import { EXIT_USAGE, isProxyError, messageOf, UsageError } from './lib/errors.ts';
import { DEFAULT_PERSIST_DIR } from './lib/host/paths.ts';
import { expectOneOf, nearestFlag } from './lib/model/nearest.ts';

/** A flag that can be set by environment, too: BCS_APISERVER_PROXY_PERSIST_DIR for --persist-dir. */
export function environmentName(flag: string): string {
  return `BCS_APISERVER_PROXY_${flag.toUpperCase().replaceAll('-', '_')}`;
}

export const persistDirFlag = Flags.string({
  summary: 'directory of the persisted set and the state file',
  helpValue: 'DIR',
  default: DEFAULT_PERSIST_DIR,
  env: environmentName('persist-dir'),
});

export const dryRunFlag = Flags.boolean({
  summary: 'say what would be done and change nothing; exit code 0: nothing to do, 2: something to do',
  env: environmentName('dry-run'),
});

export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  // oclif's own json flag with a summary in our words.
  static override baseFlags = {
    json: Flags.boolean({ summary: 'print one JSON object on standard output', helpGroup: 'GLOBAL' }),
  };

  protected override async init(): Promise<void> {
    await super.init();
    // Undefined for a command without flags of its own, whatever its type says.
    for (const { type, env } of Object.values({ ...this.ctor.flags })) {
      if (type === 'boolean' && env !== undefined) checkBoolean(env, process.env[env]);
    }
  }

  /** oclif's usage errors in our form: one sentence that names the flag and says where to look. */
  protected override async catch(error: Error): Promise<unknown> {
    if (!isOclifUsage(error)) return super.catch(error);
    return super.catch(
      usageErrorFrom(error, `${this.config.bin} ${this.id}`, { ...this.ctor.baseFlags, ...this.ctor.flags }),
    );
  }

  /** One line on standard error; oclif would break it at 80 columns and put a bar before each part. */
  override warn(input: Error | string): Error | string {
    process.stderr.write(`Warning: ${messageOf(input)}\n`);
    return input;
  }

  /** With --json a failure is an object on stdout as well, so that a caller parses one stream. */
  protected override toErrorJson(error: unknown): unknown {
    if (isProxyError(error)) {
      const { code, message, suggestions } = error;
      return { error: { code, message, suggestions } };
    }
    return { error: { code: 'failed', message: messageOf(error), suggestions: [] } };
  }
}

/** oclif takes whatever it does not know for "no": a dry run that was meant would then be a real one. */
function checkBoolean(name: string, value = ''): void {
  if (['', '1', 'true', 'yes', 'y', '0', 'false', 'no', 'n'].includes(value.toLowerCase())) return;
  throw new UsageError(`${name}=${value}: not a yes or no; give true or false`);
}

type OclifUsageError = Error & { oclif: { exit: number }; flags?: string[]; args?: string[] };

/** Recognised by field: `instanceof` fails when a class is bundled twice. */
function isOclifUsage(error: unknown): error is OclifUsageError {
  if (!(error instanceof Error) || !('oclif' in error)) return false;
  return (error.oclif as { exit?: number }).exit === EXIT_USAGE;
}

type KnownFlags = Readonly<Record<string, { readonly type: string; readonly allowNo?: boolean }>>;

function usageErrorFrom(error: OclifUsageError, command: string, known: KnownFlags): UsageError {
  const { flags, args } = error;
  const [firstLine = ''] = messageOf(error).split('\n');
  const help = `see ${command} --help`;
  if (flags) return usageError(`${flags.join(' ')}: unknown flag; ${hintFor(flags, known) ?? help}`);
  if (args) return usageError(`${args.join(' ')}: ${command} takes no arguments; ${help}`);
  // Of a value that is none of a flag's few: oclif has no field for it.
  const [, name, value = '', options] = /^Expected (--[^=]+)=(.*) to be one of: (.*)$/.exec(firstLine) ?? [];
  if (options === undefined) return usageError(`${firstLine}; ${help}`);
  return usageError(`${name} ${value}: ${expectOneOf(value, options.split(', '))}`);

  function usageError(message: string): UsageError {
    return new UsageError(message, { cause: error });
  }
}

/** Undefined when none of them is like one that the command has. */
function hintFor(typed: readonly string[], known: KnownFlags): string | undefined {
  const names = Object.entries(known).flatMap(([name, { allowNo }]) =>
    allowNo === true ? [name, `no-${name}`] : [name],
  );
  const meant = typed.map(flag => nearestFlag(flag, names)).filter(name => name !== undefined);
  return meant.length === 0 ? undefined : `did you mean ${meant.map(name => `--${name}`).join(' and ')}?`;
}
