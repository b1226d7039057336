// The man pages, as roff of man(7): one for the program and one for each command, from what the command classes declare
// and from the tables of the README. Run by itself: prints the page that is named, or the names of all.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import packageJson from '../package.json' with { type: 'json' };
import { environmentName } from '../src/base-command.ts';
import { inOrderOfUse } from '../src/cli/flag-groups.ts';
import type { Command, Flag } from '../src/lib/completion/command-table.ts';
import { currentCommands } from './packaging/commands.ts';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const { name: BIN, version, description } = packageJson;

/** File name -> text. `date` is YYYY-MM-DD, or empty where nobody knows: pages of the same commit are the same. */
export function renderManPages(table: readonly Command[], date: string): ReadonlyMap<string, string> {
  const commands = inOrderOfUse(table, ({ name }) => name);
  const pages = commands.map(command => [`${BIN}-${command.name}`, commandPage(command, commands)] as const);
  const all = [[BIN, programPage(commands)] as const, ...pages];
  return new Map(all.map(([name, sections]) => [`${name}.1`, pageOf(name, date, sections)]));
}

type Sections = Readonly<Record<string, readonly string[]>>;

function pageOf(name: string, date: string, sections: Sections): string {
  const source = `"${escaped(`${BIN} ${version}`)}"`;
  // A blank for the name of the manual: the long names on both sides of it leave no room in 80 columns.
  const title = [escaped(name.toUpperCase()), '1', `"${date}"`, source, '" "'];
  return [
    '.\\" Written by scripts/generate-man.ts.',
    `.TH ${title.join(' ')}`,
    // Names of variables and files are not to be hyphenated, and stretched lines are hard to read without that.
    '.nh',
    '.ad l',
    ...Object.entries(sections).flatMap(([heading, lines]) =>
      lines.length === 0 ? [] : [`.SH ${heading}`, ...lines],
    ),
    '',
  ].join('\n');
}

function programPage(commands: readonly Command[]): Sections {
  const example = ['init', 'status', 'daemon'];
  return {
    NAME: [`${escaped(BIN)} \\- ${escaped(lowerFirst(description))}`],
    SYNOPSIS: [`${bold(BIN)} ${italic('COMMAND')} [${italic('OPTION')}]...`],
    DESCRIPTION: paragraphs(introduction()),
    COMMANDS: commands.flatMap(({ name, summary }) => entry(bold(name), [escaped(sentence(summary))])),
    OPTIONS: [
      ...entry(`${bold('-h')}, ${bold('--help')}`, [
        escaped('Show help; behind a command, that of the command.'),
      ]),
      ...entry(`${bold('-v')}, ${bold('--version')}`, ['Print the version.']),
    ],
    ENVIRONMENT: [
      escaped('A flag of a command can be set by the variable that its page names:'),
      `${bold(`${environmentName('dry-run')}=true`)} for ${bold('--dry-run')}. Flags win.`,
    ],
    'EXIT STATUS': exitStatus(),
    FILES: files(),
    EXAMPLES: commands
      .filter(({ name }) => example.includes(name))
      .flatMap(({ examples }) => shown(examples.slice(0, 1))),
    'SEE ALSO': seeAlso(commands.map(({ name }) => `${BIN}-${name}`)),
  };
}

function commandPage(command: Command, commands: readonly Command[]): Sections {
  const { name, summary, description, examples, flags, arguments: positional } = command;
  const others = commands.filter(other => other !== command).map(other => `${BIN}-${other.name}`);
  const touchesFiles = flags.some(flag => flag.name === 'persist-dir');
  const words = positional.map(argument => ` ${italic(argument.name)}`).join('');
  return {
    NAME: [`${escaped(`${BIN}-${name}`)} \\- ${escaped(summary)}`],
    SYNOPSIS: [`${bold(`${BIN} ${name}`)}${words} [${italic('OPTION')}]...`],
    DESCRIPTION: [
      escaped(sentence(summary)),
      ...(description === undefined ? [] : ['.PP', escaped(description)]),
    ],
    OPTIONS: [
      ...positional.flatMap(each =>
        entry(italic(each.name), [escaped(`${sentence(each.summary)} One of ${each.words.join(', ')}.`)]),
      ),
      ...flags.flatMap(option),
      ...entry(`${bold('-h')}, ${bold('--help')}`, ['Show help.']),
    ],
    'EXIT STATUS': exitStatus(command),
    FILES: touchesFiles ? files() : [],
    EXAMPLES: shown(examples),
    'SEE ALSO': seeAlso([BIN, ...others]),
  };
}

function option(flag: Flag): string[] {
  const { name, char, allowNo, value, label, summary, env, default: fallback, multiple } = flag;
  const short = char === undefined ? '' : `${bold(`-${char}`)}, `;
  const long = allowNo ? `${bold(`--${name}`)}, ${bold(`--no-${name}`)}` : bold(`--${name}`);
  const typed = `${short}${long}${value === undefined ? '' : ` ${italic(label)}`}`;
  const more = [
    ...(fallback === undefined ? [] : [`Default: ${bold(fallback)}.`]),
    ...(multiple ? ['Can be given more than once.'] : []),
    ...(env === undefined ? [] : ['.br', `Environment: ${bold(env)}`]),
  ];
  return entry(typed, [escaped(sentence(summary)), ...more]);
}

/** One of a list of explained things. */
function entry(term: string, text: readonly string[]): string[] {
  return ['.TP', term, ...text];
}

function shown(examples: Command['examples']): string[] {
  return examples.flatMap(({ description, command }, index) => [
    ...(index === 0 ? [] : ['.PP']),
    ...(description === undefined ? [] : [escaped(`${upperFirst(description)}:`), '.PP']),
    ...['.RS 4', '.nf', escaped(command), '.fi', '.RE'],
  ]);
}

function seeAlso(pages: readonly string[]): string[] {
  return pages.map((page, index) => `.BR ${escaped(page)} (1)${index < pages.length - 1 ? ',' : ''}`);
}

/** What a code means for one command: what the table says of it, else what it says of all. Without a name: everything. */
function exitStatus(command?: Command): string[] {
  return tableOf('Exit codes').flatMap(([code = '', meaning = '']) => {
    const text = command === undefined ? meaning : meaningFor(command, meaning);
    return text === '' ? [] : entry(bold(code), [marked(`${upperFirst(text)}.`)]);
  });
}

/** Of "done; `status`: healthy; with `--dry-run`: there is something to do". */
function meaningFor({ name, flags }: Command, meaning: string): string {
  const clauses = meaning.split('; ').map(clause => {
    const [, of, flag, text] = /^(?:`([\w-]+)`|with `--([\w-]+)`): (.*)$/.exec(clause) ?? [];
    return { of, flag, text: flag === undefined ? (text ?? clause) : `with \`--${flag}\`, ${text}` };
  });
  const own = clauses.filter(({ of, flag }) => of === name || flags.some(each => each.name === flag));
  const chosen = own.length > 0 ? own : clauses.filter(({ of, flag }) => (of ?? flag) === undefined);
  return chosen.map(({ text }) => text).join('; ');
}

function files(): string[] {
  return tableOf('Files on a node').flatMap(([path = '', what = '']) =>
    entry(marked(path), [marked(`${upperFirst(what)}.`)]),
  );
}

/** The paragraphs of the README before its first example. */
function introduction(): string[] {
  const [head = ''] = readFileSync(README, 'utf8').split('\n```');
  const texts = head
    .split('\n\n')
    .slice(1)
    // Neither links nor pictures.
    .filter(text => !/^!?\[/.test(text))
    .map(text => text.trim().replaceAll('\n', ' '));
  if (texts.length === 0) throw new Error('README.md has no introduction');
  return texts;
}

/** The rows of the table in a section of the README, cell by cell. */
function tableOf(heading: string): string[][] {
  const [, section = ''] = readFileSync(README, 'utf8').split(`\n## ${heading}\n`);
  const [text = ''] = section.split('\n## ');
  const rows = text.split('\n').filter(line => line.startsWith('| '));
  const [, ...body] = rows.filter(line => !line.startsWith('|---'));
  if (body.length === 0) throw new Error(`README.md has no table "${heading}"`);
  return body.map(line =>
    line
      .slice(1, -1)
      .split('|')
      .map(cell => cell.trim()),
  );
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => (index === 0 ? [marked(text)] : ['.PP', marked(text)]));
}

/** Markdown as it is in the README: what stands in backquotes is bold. */
function marked(text: string): string {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? bold(part) : escaped(part)))
    .join('');
}

function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\e',
  // Else a reader on a terminal is shown a hyphen, which cannot be pasted.
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** Characters that roff reads, or prints otherwise; a line that begins with a full stop would be a request. */
function escaped(text: string): string {
  return text.replaceAll(/[\\\-'"`^~]/g, character => SPECIAL[character] ?? character).replace(/^\./, '\\&.');
}

function sentence(text: string): string {
  return `${upperFirst(text)}.`;
}

function upperFirst(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

if (import.meta.main) {
  const [name] = process.argv.slice(2);
  const pages = renderManPages(await currentCommands(), '');
  process.stdout.write(name === undefined ? `${[...pages.keys()].join('\n')}\n` : (pages.get(name) ?? ''));
}
