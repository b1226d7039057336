// Completion for zsh, as a file of $fpath or by `source`.
import type { Argument, Command, Flag, Value } from './command-table.ts';
import { HELP, HELP_COMMAND, headOf, longForms, type Program, quoted, VERSION } from './program.ts';

export function zshScript(program: Program): string {
  const { bin, commands } = program;
  const name = `_${bin}`;
  const all = [...commands, HELP_COMMAND];
  return `#compdef ${bin}
${headOf('zsh', program)}

${name}() {
  local curcontext=$curcontext state line ret=1
  local -a commands=(
${all.map(command => `    ${quoted(`${command.name}:${command.summary}`)}`).join('\n')}
  )
  typeset -A opt_args

  _arguments -C \\
    ${switchOf(HELP)} \\
    ${switchOf(VERSION)} \\
    '1:command:->command' \\
    '*::argument:->argument' && ret=0

  case $state in
    command)
      _describe -t commands command commands && ret=0
      ;;
    argument)
      curcontext=\${curcontext%:*:*}:${bin}-$line[1]:
      case $line[1] in
${commands.map(caseOf).join('\n')}
        ${HELP_COMMAND.name})
          commands[-1]=()
          (( CURRENT == 2 )) && _describe -t commands command commands && ret=0
          ;;
      esac
      ;;
  esac
  return ret
}

# Called at once where zsh loads this file because the function is wanted, registered where somebody sources it.
if [[ $funcstack[1] == ${name} ]]; then
  ${name} "$@"
else
  compdef ${name} ${bin}
fi
`;
}

function caseOf({ name, flags, arguments: positional }: Command): string {
  const specs = [...flags.flatMap(flagSpecs), switchOf(HELP), ...positional.map(argumentSpec)];
  return `        ${name})
          _arguments ${specs.join(' \\\n            ')} && ret=0
          ;;`;
}

/** One that makes no sense beside anything else. */
function switchOf({ flag, char, summary }: typeof HELP): string {
  return `'(- *)'{-${char},--${flag}}${quoted(`[${summary}]`)}`;
}

function flagSpecs(flag: Flag): string[] {
  const { name, char, summary, multiple, value, label } = flag;
  const explained = `[${escaped(summary)}]`;
  if (value === undefined) {
    const forms = longForms(flag);
    const others = forms.length > 1 ? `(${forms.join(' ')})` : '';
    return forms.map(form => quoted(`${others}${form}${explained}`));
  }
  const rest = `${explained}:${escaped(label)}:${actionOf(value)}`;
  if (char === undefined) return [quoted(`${multiple ? '*' : ''}--${name}=${rest}`)];
  return [`'(-${char} --${name})'{-${char}+,--${name}=}${quoted(rest)}`];
}

function argumentSpec({ name, words }: Argument): string {
  return quoted(`:${name}:(${words.join(' ')})`);
}

function actionOf(value: Value): string {
  if (value.kind === 'words') return `(${value.words.join(' ')})`;
  if (value.kind === 'file') return '_files';
  // A blank: what is expected is shown, and nothing proposed.
  return value.kind === 'directory' ? '_files -/' : ' ';
}

/** What _arguments reads as the end of a text. */
function escaped(text: string): string {
  return text.replaceAll(/[\\:[\]]/g, '\\$&');
}
