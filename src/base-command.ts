// What every command shares: --json, the flag factories, and errors as JSON where JSON was asked for.
import { Command, Flags } from '@oclif/core';
import { asUsageError } from './cli/usage-error.ts';
import { isProxyError, messageOf, UsageError } from './lib/errors.ts';
import { DEFAULT_PERSIST_DIR } from './lib/host/paths.ts';
import { printable } from './lib/text.ts';

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

  /** oclif's usage errors in our form. */
  protected override async catch(error: Error): Promise<unknown> {
    const { args, baseFlags, flags } = this.ctor;
    const command = `${this.config.bin} ${this.id}`;
    return super.catch(asUsageError(error, { command, args, flags: { ...baseFlags, ...flags } }));
  }

  /** One line on standard error; oclif would break it at 80 columns and put a bar before each part. */
  override warn(input: Error | string): Error | string {
    process.stderr.write(`Warning: ${printable(messageOf(input))}\n`);
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
