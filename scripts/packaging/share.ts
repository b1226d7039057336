// What a package, or `cp -r`, puts below /usr/share or /usr/local/share: man pages and completions.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { completionScript } from '../../src/lib/completion/script.ts';
import { renderManPages } from '../generate-man.ts';
import { currentCommands } from './commands.ts';
import { dateOf } from './commit.ts';
import { ROOT } from './paths.ts';

const { name: bin, version } = packageJson;

/** Where each shell looks for a completion by the name of the program. */
const COMPLETIONS = {
  bash: `bash-completion/completions/${bin}`,
  zsh: `zsh/site-functions/_${bin}`,
  fish: `fish/vendor_completions.d/${bin}.fish`,
} as const;

/** Path -> text. */
export async function sharedFiles(date: string): Promise<ReadonlyMap<string, string>> {
  const commands = await currentCommands();
  const pages = [...renderManPages(commands, date)].map(
    ([name, text]) => [`man/man1/${name}`, text] as const,
  );
  const program = { bin, version, commands };
  return new Map([
    ...pages,
    [COMPLETIONS.bash, completionScript('bash', program)],
    [COMPLETIONS.zsh, completionScript('zsh', program)],
    [COMPLETIONS.fish, completionScript('fish', program)],
  ]);
}

/** `directory` is made anew: a command that went leaves no page behind. */
export async function writeShared(directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  for (const [path, text] of await sharedFiles(dateOf(ROOT))) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
