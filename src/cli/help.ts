// The help of the program and of each command: what it is for, an example, then flags by group with their meaning. Names of
// environment variables are in the reference and shown with --help --env, not in every line.
import { type Command, type Config, Help, ux } from '@oclif/core';
import { inGroups, inOrderOfUse } from './flag-groups.ts';

const PURPOSE = 'One local address for all kube-apiservers, balanced by the kernel (IPVS).';
const FIRST_STEP = '<%= config.bin %> init --vs 10.99.0.1:6443 --rs 10.0.0.11:6443 --rs 10.0.0.12:6443';

const WITH_VARIABLES = '--env';

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST = 100;
const MARGIN = 2;
/** With less room for the meaning it goes below its flag; a variable is not to be broken. */
const NARROWEST_MEANING = 30;
const NARROWEST_VARIABLE = 40;

/** `argv` names a command that exists, or none. */
export function showHelp(argv: readonly string[], config: Config): void {
  const [name = ''] = argv;
  const page = new HelpPage(config, argv.includes(WITH_VARIABLES));
  const command = config.findCommand(name);
  ux.stdout(command === undefined ? page.ofProgram() : page.ofCommand(command));
}

type Flag = Command.Loadable['flags'][string];

class HelpPage extends Help {
  readonly #withVariables: boolean;

  constructor(config: Config, withVariables: boolean) {
    super(config);
    this.opts.maxWidth = Math.min(this.opts.maxWidth, WIDEST);
    this.#withVariables = withVariables;
  }

  ofProgram(): string {
    const commands = inOrderOfUse(this.config.commands, ({ id }) => id);
    return blocks(
      this.wrap(PURPOSE, 0),
      this.#table(commands.map(({ id, summary = '' }) => [id, summary])),
      ['Start with:', this.#commandLine(FIRST_STEP)].join('\n'),
      this.wrap(`Help for a command: ${this.config.bin} COMMAND --help`, 0),
    );
  }

  ofCommand({ id, summary = '', description, examples = [], args, flags }: Command.Loadable): string {
    const [first = '', ...more] = examples.map(example => this.#example(example));
    const words = Object.values(args).map(
      ({ name, description: meaning = '', options = [] }): [string, string] => [
        name.toUpperCase(),
        [meaning, options.join(' ')].filter(text => text !== '').join(': '),
      ],
    );
    const sections = inGroups(Object.values(flags)).map(({ title, flags: members }) =>
      [`${title}:`, this.#table(members.map(flag => [labelOf(flag), this.#meaningOf(flag)]))].join('\n'),
    );
    return blocks(
      this.wrap(sentence(summary), 0),
      first,
      this.wrap(description ?? '', 0),
      words.length === 0 ? '' : ['Arguments:', this.#table(words)].join('\n'),
      ...sections,
      more.length === 0 ? '' : `More examples:\n${more.join('\n')}`,
      this.#withVariables
        ? ''
        : this.wrap(`Environment variables of the flags: ${this.config.bin} ${id} --help --env`, 0),
    );
  }

  #example(example: Command.Example): string {
    if (typeof example === 'string') return this.#commandLine(example);
    const note = this.wrap(`# ${example.description}`, MARGIN);
    return [this.indent(note, MARGIN), this.#commandLine(example.command)].join('\n');
  }

  /** Can be pasted: broken before flags only, with a backslash. */
  #commandLine(template: string): string {
    const room = this.opts.maxWidth - 2 * MARGIN - ' \\'.length;
    const lines: string[] = [];
    for (const word of this.render(template).split(/ (?=--|[|>] )/)) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= room) lines.push(`${lines.pop()} ${word}`);
      else lines.push(word);
    }
    const [head = '', ...rest] = lines;
    return this.indent([head, ...rest.map(line => this.indent(line, MARGIN))].join(' \\\n'), MARGIN);
  }

  #meaningOf(flag: Flag): string {
    const { summary = '', default: fallback } = flag;
    const isWorthSaying = flag.type === 'option' && fallback !== undefined;
    const meaning = isWorthSaying ? `${summary}; default ${fallback}` : summary;
    return this.#withVariables && flag.env !== undefined ? `${meaning}\n${flag.env}` : meaning;
  }

  #table(rows: readonly (readonly [string, string])[]): string {
    const left = Math.max(...rows.map(([name]) => name.length));
    const room = this.opts.maxWidth - left - 3 * MARGIN;
    const multiline = room < (this.#withVariables ? NARROWEST_VARIABLE : NARROWEST_MEANING);
    const cells = rows.map(([name, meaning]): [string, string] => [name, meaning]);
    return this.indent(this.renderList(cells, { indentation: 2 * MARGIN, spacer: '\n', multiline }), MARGIN);
  }
}

/** "-f, --config FILE", "--[no-]route", "--rs HOST:PORT...". */
export function labelOf(flag: Flag): string {
  const name = `${flag.char === undefined ? '' : `-${flag.char}, `}--${flag.type === 'boolean' && flag.allowNo ? '[no-]' : ''}${flag.name}`;
  if (flag.type === 'boolean') return name;
  const value = flag.helpValue ?? flag.options?.join('|') ?? 'VALUE';
  return `${name} ${value}${flag.multiple ? '...' : ''}`;
}

export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function blocks(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join('\n\n');
}
