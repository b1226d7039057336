// The flags of `daemon` that somebody gave, as an argument list again: for a unit's ExecStart and a container's args.
import type { DaemonConfig } from '../lib/config/daemon-config.ts';
import { loadDaemonConfig } from '../lib/config/load.ts';
import { daemonFlags } from './daemon-flags.ts';

export interface DaemonArguments {
  /** What follows the word `daemon`: ['--vs', '10.99.0.1:6443', '--no-route', ...], in the order of `daemon --help`. */
  readonly args: readonly string[];
  /** What a daemon that was started with them on this host would run with. */
  readonly config: DaemonConfig;
  /** One sentence each, for stderr. */
  readonly notes: readonly string[];
}

/**
 * `flags` are values as oclif hands them over, environment included; other flags than those of `daemon` are passed
 * over. Throws the UsageError that the daemon would fail with.
 */
export function daemonArguments(flags: Readonly<Record<string, unknown>>): DaemonArguments {
  const file = typeof flags.config === 'string' ? flags.config : undefined;
  const { config, notes } = loadDaemonConfig({ flags, file });
  const args = Object.entries(daemonFlags).flatMap(([name, flag]) =>
    argumentsOf(name, flags[name], 'multiple' in flag && flag.multiple === true),
  );
  return { args, config, notes };
}

function argumentsOf(name: string, value: unknown, multiple: boolean): string[] {
  if (value === undefined) return [];
  if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
  // A list from the environment is one text.
  const values = multiple ? [value].flat().flatMap(item => String(item).split(',')) : [String(value)];
  return values.flatMap(item => [`--${name}`, item.trim()]);
}
