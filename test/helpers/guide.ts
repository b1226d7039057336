// The guides as data: their code blocks, the command lines of our program in them, and what they show as output.
import { readFileSync } from 'node:fs';

export interface Block {
  /** "sh" has commands only; "console" has `$ command` lines, each followed by what it prints. */
  readonly language: string;
  readonly lines: readonly string[];
}

export function codeBlocks(path: string): Block[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^( *)```(\w*)\n(.*?)^\1```$/gms)].map(([, , language = '', body = '']) => ({
    language,
    lines: body.trimEnd().split('\n'),
  }));
}

export interface Shown {
  readonly argv: readonly string[];
  /** Lines that it prints, in order; "..." stands for any number of others. */
  readonly output: readonly string[];
}

/** Each command line of ours, in blocks of any language, with the output that a console block shows for it. */
export function shownCommands(path: string): Shown[] {
  return codeBlocks(path).flatMap(({ language, lines }) => {
    const starts = lines.flatMap((line, index) =>
      language !== 'console' || line.startsWith('$ ') ? [index] : [],
    );
    return starts.flatMap((start, index) => {
      const argv = ownArguments(lines[start] ?? '');
      const output = language === 'console' ? lines.slice(start + 1, starts[index + 1]) : [];
      return argv === undefined ? [] : [{ argv, output }];
    });
  });
}

export function ownCommands(path: string): (readonly string[])[] {
  return shownCommands(path).map(({ argv }) => argv);
}

/** What follows the name of the program, or its path in scripts and YAML, up to a pipe or another command. */
function ownArguments(line: string): string[] | undefined {
  const match = /^(?:\$ |\s*(?:- )?\/root\/)?bcs-apiserver-proxy ([^|&]*)/.exec(line);
  return match?.[1]?.trim().split(/\s+/);
}

/** What a whole output has to be like to be the one that is shown: who answers, and how fast, is not the same twice. */
export function outputPattern(output: Shown['output']): RegExp {
  const lines = output.map(line => {
    if (line === '...') return '(?:.*\\n)*?';
    const literal = line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return `${literal.replace(/answered by .*/, 'answered by \\S+ in \\d+ ms')}\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}
