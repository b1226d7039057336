// The flags of `daemon` that somebody gave, as an argument list again: for a unit's ExecStart and a container's args.
import type { DaemonConfig } from '../lib/config/daemon-config.ts';
import { loadDaemonConfig } from '../lib/config/load.ts';
import { UsageError } from '../lib/errors.ts';
import { printable } from '../lib/text.ts';
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
  for (const name of PATHS) requireAbsolute(name, flags[name]);
  const file = typeof flags.config === 'string' ? flags.config : undefined;
  const { config, notes } = loadDaemonConfig({ flags, file });
  const args = Object.entries(daemonFlags).flatMap(([name, flag]) =>
    argumentsOf(name, flags[name], 'multiple' in flag && flag.multiple === true),
  );
  return { args, config, notes };
}

const PATHS = [
  'config',
  'kubeconfig',
  'ca-file',
  'token-file',
  'client-certificate',
  'client-key',
  'persist-dir',
] as const satisfies (keyof typeof daemonFlags)[];

/** What is started at boot or in a container is not started where the flag was typed. Returns the path. */
export function requireAbsolute<T>(name: string, path: T): T {
  if (typeof path !== 'string') return path;
  requireOneLine(name, path);
  if (path.startsWith('/')) return path;
  throw new UsageError(`--${name} ${path}: a service is started in another directory; give an absolute path`);
}

/** A unit is made of lines: a path must not begin another one. */
export function requireOneLine(name: string, path: string | undefined): void {
  if (path === undefined || printable(path) === path) return;
  throw new UsageError(
    `--${name} ${path}: a path with line breaks or control characters cannot stand in a unit`,
  );
}

function argumentsOf(name: string, value: unknown, multiple: boolean): string[] {
  if (value === undefined) return [];
  if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
  // A list from the environment is one text.
  const values = multiple ? [value].flat().flatMap(item => String(item).split(',')) : [String(value)];
  return values.flatMap(item => [`--${name}`, item.trim()]);
}
