// Writes docs/commands.md, the command reference, from what the command classes declare.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inGroups, inOrderOfUse } from '../src/cli/flag-groups.ts';
import { renderManifest } from './generate-manifest.ts';

export const REFERENCE_PATH = fileURLToPath(new URL('../docs/commands.md', import.meta.url));

const INTRODUCTION = `# Commands

Written by \`node scripts/generate-reference.ts\`; do not edit. Every command has \`--help\`, which lists the names of
environment variables with \`--env\`. Every flag but \`--json\` can be set by environment: \`BCS_APISERVER_PROXY_DRY_RUN=true\`
for \`--dry-run\`, except where its line says otherwise.
`;

interface Flag {
  readonly name: string;
  readonly char?: string;
  readonly summary: string;
  readonly env?: string;
  readonly default?: string;
  readonly type: 'boolean' | 'option';
  readonly allowNo?: boolean;
  readonly helpValue?: string;
  readonly options?: readonly string[];
  readonly multiple?: boolean;
}

interface Command {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly examples: readonly (string | { description: string; command: string })[];
  readonly args: Readonly<Record<string, { name: string; description: string; options: readonly string[] }>>;
  readonly flags: Readonly<Record<string, Flag>>;
}

export async function renderReference(): Promise<string> {
  const { commands } = JSON.parse(await renderManifest()) as { commands: Record<string, Command> };
  return [INTRODUCTION, ...inOrderOfUse(Object.values(commands), ({ id }) => id).map(describeCommand)].join(
    '\n',
  );
}

function describeCommand({ id, summary, description, examples, args, flags }: Command): string {
  const lines = [`## ${id}`, '', `${sentence(summary)}${description ? ` ${description}` : ''}`, '', '```'];
  for (const example of examples) {
    if (typeof example !== 'string') lines.push(`# ${example.description}`);
    const command = typeof example === 'string' ? example : example.command;
    lines.push(command.replaceAll('<%= config.bin %>', 'bcs-apiserver-proxy'));
  }
  lines.push('```');
  if (Object.keys(args).length > 0) lines.push('', '| Argument | |', '|---|---|');
  for (const { name, description, options } of Object.values(args))
    lines.push(`| \`${name.toUpperCase()}\` | ${description}: ${options.join(' ')} |`);
  for (const group of inGroups(Object.values(flags))) {
    lines.push('', `| ${group.title} | |`, '|---|---|');
    for (const flag of group.flags) lines.push(`| \`${usage(flag)}\` | ${meaning(flag)} |`);
  }
  return `${lines.join('\n')}\n`;
}

function usage({ name, char, type, allowNo, helpValue, options }: Flag): string {
  const value = type === 'option' ? ` ${helpValue ?? options?.join('\\|') ?? 'VALUE'}` : '';
  return `${char ? `-${char}, ` : ''}--${allowNo ? '[no-]' : ''}${name}${value.replaceAll(/(?<!\\)\|/g, '\\|')}`;
}

function meaning({ name, summary, env, default: fallback }: Flag): string {
  const known = fallback === undefined ? '' : `; default \`${fallback}\``;
  const alone = env === undefined && name !== 'json' ? '; not by environment' : '';
  return `${summary.replaceAll('|', '\\|')}${known}${alone}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

if (import.meta.main) writeFileSync(REFERENCE_PATH, await renderReference());
