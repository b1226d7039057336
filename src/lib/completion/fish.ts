// Completion for fish 3 and later.
import type { Argument, Command, Flag, Value } from './command-table.ts';
import { HELP, HELP_COMMAND, headOf, identifier, longForms, type Program, VERSION } from './program.ts';

export function fishScript(program: Program): string {
  const { bin, commands } = program;
  const may = `__${identifier(program)}_may`;
  const start = `complete -c ${bin}`;
  return `${headOf('fish', program)}

# Whether COMMAND is the one that is typed, and none of FLAGS was given yet: ${may} COMMAND PENDING FLAGS
# The last PENDING words are left out: they are the flag whose value is being typed.
function ${may}
    set -l words (commandline -opc)
    if test (count $words) -lt 2
        return 1
    end
    if test $words[2] != $argv[1]
        return 1
    end
    set -e words[1..2]
    if test $argv[2] -gt 0; and test (count $words) -gt 0; and not string match -q -- '*=*' $words[-1]
        set -e words[-1]
    end
    for flag in $argv[3..-1]
        for word in $words
            if test "$word" = $flag; or string match -q -- "$flag=*" "$word"
                return 1
            end
        end
    end
    return 0
end

function ${may}_begin
    test (count (commandline -opc)) -eq 1
end

${start} -f
${start} -n ${may}_begin -s ${HELP.char} -l ${HELP.flag} -d ${quotedFish(HELP.summary)}
${start} -n ${may}_begin -s ${VERSION.char} -l ${VERSION.flag} -d ${quotedFish(VERSION.summary)}
${[...commands, HELP_COMMAND].map(({ name, summary }) => `${start} -n ${may}_begin -a ${name} -d ${quotedFish(summary)}`).join('\n')}
${commands.map(({ name, summary }) => `${start} -n '${may} ${HELP_COMMAND.name} 0' -a ${name} -d ${quotedFish(summary)}`).join('\n')}
${commands.flatMap(command => linesOf(command, start, may)).join('\n')}
`;
}

function linesOf({ name, flags, arguments: positional }: Command, start: string, may: string): string[] {
  return [
    '',
    ...positional.map(argument => argumentLine(argument, `${start} -n '${may} ${name} 0'`)),
    `${start} -n '${may} ${name} 0' -s ${HELP.char} -l ${HELP.flag} -d ${quotedFish(HELP.summary)}`,
    ...flags.flatMap(flag =>
      longForms(flag).map(form => `${start} -n '${condition(flag, form)}' ${definition(flag, form)}`),
    ),
  ];

  function condition({ multiple, value }: Flag, form: string): string {
    return `${may} ${name} ${value === undefined ? 0 : 1}${multiple ? '' : ` ${form}`}`;
  }
}

function argumentLine({ words, summary }: Argument, start: string): string {
  return `${start} -a '${words.join(' ')}' -d ${quotedFish(summary)}`;
}

function definition({ char, summary, value }: Flag, form: string): string {
  const short = char === undefined ? '' : `-s ${char} `;
  const takes = value === undefined ? '' : ` ${argumentsOf(value)}`;
  return `${short}-l ${form.slice(2)}${takes} -d ${quotedFish(summary)}`;
}

function argumentsOf(value: Value): string {
  if (value.kind === 'words') return `-x -a '${value.words.join(' ')}'`;
  if (value.kind === 'file') return '-r -F';
  return value.kind === 'directory' ? "-x -a '(__fish_complete_directories)'" : '-x';
}

function quotedFish(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
