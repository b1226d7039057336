// The real shells: asked what they would propose for a command line that somebody is typing, and typed into.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shell } from '../../src/lib/completion/script.ts';
import { tempDir } from './temp-dir.ts';

/** What a shell proposes for each line, sorted. Bash leaves files to readline; the answer is then "compopt default". */
export function proposals(
  shell: Shell,
  script: string,
  lines: readonly string[],
  { setup = '' }: { setup?: string } = {},
): string[][] {
  const directory = tempDir();
  writeFileSync(join(directory, 'script'), script);
  writeFileSync(join(directory, 'lines'), `${lines.join('\n')}\n`);
  // Each answer begins with "? " and the line.
  const answers = ASK[shell](directory, lines, setup).split(/^\? .*\n/m);
  if (answers.length !== lines.length + 1) throw new Error(`${shell} answered ${answers.join('? ')}`);
  return answers
    .slice(1)
    .map(answer => [...new Set(answer.split(/\r?\n/).filter(word => word !== ''))].toSorted());
}

type Ask = (directory: string, lines: readonly string[], setup: string) => string;

const ASK: Readonly<Record<Shell, Ask>> = {
  bash(directory, lines, setup) {
    const define = `
      ${setup}
      set -u
      source ${directory}/script
      complete=$(complete -p bcs-apiserver-proxy)
      complete=\${complete% *}
      compopt() { echo "compopt \${*: -1}"; }
      ask() {
        COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=("\${@:2}") COMP_CWORD=$(($# - 2))
        echo "? $1"
        \${complete##* } bcs-apiserver-proxy "\${COMP_WORDS[COMP_CWORD]}" ''
        ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"
      }`;
    const questions = lines.map(line => `ask ${[line, ...readlineWords(line)].map(quoted).join(' ')}`);
    return run('bash', ['--norc', '--noprofile', '-c', [define, ...questions].join('\n')]);
  },

  zsh(directory, _, setup) {
    // Its completion runs in its line editor only, which needs a terminal.
    const define = `
      ${setup}
      autoload -Uz compinit
      compinit -u -D
      (( $+functions[_bcs-apiserver-proxy] )) || source ${directory}/script
      compadd() {
        local -a found
        if [[ "\${@[1,(i)(-|--)]}" != *-(O|A|D)\\ * ]]; then
          builtin compadd -O found "$@"
          print -rl -- $found >> ${directory}/answers
        fi
        builtin compadd "$@"
      }
      ask() {
        local line
        for line in "\${(@f)$(< ${directory}/lines)}"; do
          print -r -- "? $line" >> ${directory}/answers
          BUFFER=$line CURSOR=$#line
          zle list-choices
        done
        BUFFER='exit 0'
        zle accept-line
      }
      zle -N zle-line-init ask`;
    writeFileSync(join(directory, '.zshrc'), define);
    const screen = run('script', ['-qec', 'zsh -d -i', '/dev/null'], { ZDOTDIR: directory, TERM: 'xterm' });
    return run('cat', [join(directory, 'answers')]) || screen;
  },

  fish(directory, _, setup) {
    const ask = `
      ${setup}
      source ${directory}/script
      while read -l line
          echo "? $line"
          complete -C "$line" | string replace -r '\\t.*' '' | string replace -r '^--[\\w-]+=' ''
      end < ${directory}/lines
      exit 0`;
    return run('fish', ['--no-config', '-c', ask], { HOME: directory });
  },
};

/** As readline hands them over: it ends words at = and : too. */
function readlineWords(line: string): string[] {
  const words = line.split(/\s+/).flatMap(word => word.split(/([=:]+)/));
  return words.filter((word, index) => word !== '' || index === words.length - 1);
}

function run(command: string, args: readonly string[], env: Record<string, string> = {}): string {
  const { stdout, stderr, error, status } = spawnSync(command, args, {
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', ...env },
    input: '',
    encoding: 'utf8',
    timeout: 15_000,
  });
  if (error !== undefined) throw error;
  if (status !== 0 || stderr !== '') throw new Error(`${command}: exit ${status}, ${stdout}${stderr}`);
  return stdout;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

const PROMPT = 'READY> ';

/** How a shell starts, and the file that it reads then. */
const START: Readonly<Record<Shell, (directory: string) => { command: string; file: string; text: string }>> =
  {
    bash: directory => ({
      command: `bash --noprofile --rcfile ${directory}/rc -i`,
      file: 'rc',
      text: `source ${directory}/script; PS1='${PROMPT}'`,
    }),
    zsh: directory => ({
      command: 'zsh -d -i',
      file: '.zshrc',
      text: `autoload -Uz compinit; compinit -u -D; source ${directory}/script; PS1='${PROMPT}'`,
    }),
    fish: directory => ({
      command: `fish --no-config -i -C 'source ${directory}/rc'`,
      file: 'rc',
      text: `source ${directory}/script; function fish_prompt; echo -n '${PROMPT}'; end`,
    }),
  };

/** Says what it was given. */
const PROGRAM = `#!/bin/sh
printf given
printf '<%s>' "$@"
echo .
`;

/**
 * Types each line into the shell on a terminal, tabs included, and returns the arguments that the program was given, which
 * is in the directory.
 */
export async function typed(
  shell: Shell,
  script: string,
  lines: readonly string[],
  directory: string,
): Promise<string[][]> {
  const { command, file, text } = START[shell](directory);
  writeFileSync(join(directory, 'script'), script);
  writeFileSync(join(directory, file), text);
  writeFileSync(join(directory, 'bcs-apiserver-proxy'), PROGRAM, { mode: 0o755 });
  const env = {
    PATH: `${directory}:${process.env.PATH}`,
    HOME: directory,
    ZDOTDIR: directory,
    TERM: 'xterm',
    LC_ALL: 'C.UTF-8',
  };
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const rest = [...lines];
  const given: string[][] = [];
  let screen = '';
  // The prompt, behind what the program was given by the line before, if there was one.
  let awaited = /()READY> /;
  terminal.stdout.setEncoding('utf8').on('data', (shown: string) => {
    screen += shown;
    const [, words] = awaited.exec(screen) ?? [];
    if (words === undefined) return;
    if (words !== '') given.push(words.slice(1, -1).split('><'));
    awaited = /given(<[^\n]*>)\.\r?\n.*READY> /s;
    screen = '';
    terminal.stdin.write(`${rest.shift() ?? 'exit'}\r`);
  });
  const timer = setTimeout(() => terminal.kill('SIGKILL'), 15_000);
  await once(terminal, 'close');
  clearTimeout(timer);
  if (given.length !== lines.length) throw new Error(`${shell}: ${JSON.stringify(given)}, then ${screen}`);
  return given;
}
