// The completion script of a shell. It is a text that holds all commands and flags: the program is not asked at each
// press of the Tab key, as its start would be felt.
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import type { Program } from './program.ts';
import { zshScript } from './zsh.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (program: Program) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function completionScript(shell: Shell, program: Program): string {
  return SCRIPTS[shell](program);
}
