// What the scripts of all shells are made from, and what they have in common.
import type { Command, Flag } from './command-table.ts';

export interface Program {
  readonly bin: string;
  readonly version: string;
  readonly commands: readonly Command[];
}

/** --route and --no-route of a flag that can be denied. */
export function longForms({ name, allowNo }: Flag): string[] {
  return allowNo ? [`--${name}`, `--no-${name}`] : [`--${name}`];
}

/** Not in the table, as they are answered before any command: index.ts, cli/arguments.ts. */
export const HELP = { flag: 'help', char: 'h', summary: 'show help' };
export const VERSION = { flag: 'version', char: 'v', summary: 'print the version' };
export const HELP_COMMAND = { name: 'help', summary: 'show help for a command' };

export function commandNames({ commands }: Program): string[] {
  return commands.map(({ name }) => name);
}

/** The first line of a script. */
export function headOf(shell: string, { bin, version }: Program): string {
  return `# ${shell} completion for ${bin} ${version}, as printed by: ${bin} completion ${shell}`;
}

/** The program's name as a part of names of functions. */
export function identifier({ bin }: Program): string {
  return bin.replaceAll(/\W/g, '_');
}

/** A word between single quotes, in which nothing has a meaning to bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
