// Completion for bash 4.2 and later, without the package bash-completion.
import type { Command, Flag, Value } from './command-table.ts';
import {
  commandNames,
  HELP,
  HELP_COMMAND,
  headOf,
  identifier,
  longForms,
  type Program,
  VERSION,
} from './program.ts';

export function bashScript(program: Program): string {
  const { bin, commands } = program;
  const name = `_${identifier(program)}`;
  const names = commandNames(program).join(' ');
  return `${headOf('bash', program)}

${name}() {
  local line=$COMP_LINE words=() i word count current command flag value kind='' candidates='' once=''
  local IFS=$' \\t\\n'
  COMPREPLY=()

  # Readline ends words at = and : as well: what no blank separates is put together again.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((i > 0)) && [[ $line != [[:space:]]* ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      line=\${line#"\${line%%[![:space:]]*}"}
      words+=("$word")
    fi
    line=\${line#"$word"}
  done
  count=\${#words[@]}
  current=\${words[count - 1]}
  # What stands behind the cursor does not count.
  i=$((\${#COMP_LINE} - \${#line} - COMP_POINT))
  if ((i > 0 && i <= \${#current})); then current=\${current:0:\${#current} - i}; fi

  command=\${words[1]}
  if ((count <= 2)); then
    candidates='${names} ${HELP_COMMAND.name}'
    if [[ $current == -* ]]; then candidates='--${HELP.flag} --${VERSION.flag}'; fi
    mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
    return
  fi

  # The value of a flag, in the word behind it or behind an equals sign.
  flag=\${words[count - 2]} value=$current
  if [[ $current == --*=* ]]; then flag=\${current%%=*} value=\${current#*=}; fi
  case "$command $flag" in
${[...actions(commands)].map(caseOfValues).join('\n')}
  esac
  if [[ -n $kind ]]; then
    # Where = does not end words, the flag is a part of what is replaced.
    word=''
    if [[ $current == --*=* && $COMP_WORDBREAKS != *=* ]]; then word=$flag=; fi
    case $kind$word in
      words*) mapfile -t COMPREPLY < <(compgen -P "$word" -W "$candidates" -- "$value") ;;
      # Readline knows better than compgen how names of files are quoted.
      file) compopt -o default ;;
      directory) compopt -o dirnames ;;
      file* | directory*)
        i=-f
        if [[ $kind == directory ]]; then i=-d; fi
        mapfile -t COMPREPLY < <(compgen -P "$word" "$i" -- "$value")
        compopt -o nospace
        ;;
    esac
    return
  fi
  if [[ $current == --*=* ]]; then return; fi

  case $command in
${[...commands.map(caseOfCommand), helpCase(names)].join('\n')}
  esac
  # A flag that can be given once is not proposed again.
  for word in $once; do
    case " \${words[*]:2:count - 3} " in
      *" $word "* | *" $word="*) ;;
      *) candidates+=" $word" ;;
    esac
  done
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
}

complete -F ${name} ${bin}
`;
}

/** What is to be done for the value of a flag -> the flags behind their commands: 'init --vs'. */
function actions(commands: readonly Command[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { name, flags } of commands) {
    for (const { name: flag, char, value } of flags) {
      if (value === undefined) continue;
      const forms = [`'${name} --${flag}'`, ...(char === undefined ? [] : [`'${name} -${char}'`])];
      const action = actionOf(value);
      found.set(action, [...(found.get(action) ?? []), ...forms]);
    }
  }
  return found;
}

function actionOf(value: Value): string {
  return value.kind === 'words'
    ? `kind='words' candidates='${value.words.join(' ')}'`
    : `kind='${value.kind}'`;
}

function caseOfValues([action, forms]: readonly [string, readonly string[]]): string {
  return `    ${forms.join(' | \\\n      ')})
      ${action}
      ;;`;
}

function caseOfCommand({ name, flags, arguments: [first] }: Command): string {
  const forms = (which: (flag: Flag) => boolean): string[] => flags.filter(which).flatMap(longForms);
  const again = [...forms(({ multiple }) => multiple), `--${HELP.flag}`].join(' ');
  const once = forms(({ multiple }) => !multiple).join(' ');
  const set = [`        candidates='${again}' once='${once}'`];
  const words = first?.words ?? [];
  if (words.length > 0) set.push(`        ${INSTEAD} candidates='${words.join(' ')}' once=''; fi`);
  return [`    ${name})`, ...set, '        ;;'].join('\n');
}

/** An argument, unless a flag was begun. */
const INSTEAD = 'if ((count == 3)) && [[ $current != -* ]]; then';

function helpCase(names: string): string {
  return `    ${HELP_COMMAND.name})
        if ((count == 3)); then candidates='${names}'; fi
        ;;`;
}
