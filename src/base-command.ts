// What every command shares: --json, the flag factories, and errors as JSON where JSON was asked for.
import { Command, Flags } from '@oclif/core';
import { isProxyError, messageOf, UsageError } from './lib/errors.ts';
import { DEFAULT_PERSIST_DIR } from './lib/host/paths.ts';

/** A flag that can be set by environment, too: BCS_APISERVER_PROXY_PERSIST_DIR for --persist-dir. */
export function environmentName(flag: string): string {
  return `BCS_APISERVER_PROXY_${flag.toUpperCase().replaceAll('-', '_')}`;
}

export const persistDirFlag = Flags.string({
  summary: 'directory of the persisted set and the state file',
  default: DEFAULT_PERSIST_DIR,
  env: environmentName('persist-dir'),
});

export const dryRunFlag = Flags.boolean({
  summary: 'say what would be done, change nothing',
  env: environmentName('dry-run'),
});

export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** With --json a failure is an object on stdout as well, so that a caller parses one stream. */
  protected override toErrorJson(error: unknown): unknown {
    if (isProxyError(error)) {
      const { code, message, suggestions } = error;
      return { error: { code, message, suggestions } };
    }
    return {
      error: { code: isUsage(error) ? 'usage' : 'failed', message: messageOf(error), suggestions: [] },
    };
  }
}

function isUsage(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof Error && 'parse' in error);
}
