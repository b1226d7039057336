// `completion`: the script that makes a shell complete our commands and flags.
import { Args } from '@oclif/core';
import manifest from '../../oclif.manifest.json' with { type: 'json' };
import { BaseCommand } from '../base-command.ts';
import { VERSION } from '../cli/version.ts';
import { commandTable } from '../lib/completion/command-table.ts';
import { completionScript, SHELLS } from '../lib/completion/script.ts';
import { CONDITIONS } from '../lib/status/conditions.ts';

export default class Completion extends BaseCommand {
  static override summary = 'print a script that completes commands, flags and values in a shell';
  static override description =
    'Without the package bash-completion, have ~/.bashrc say: source <(bcs-apiserver-proxy completion bash). A new version may have other flags: write the file anew.';
  static override examples = [
    {
      description: 'bash, with the package bash-completion',
      command:
        '<%= config.bin %> completion bash > /usr/share/bash-completion/completions/bcs-apiserver-proxy',
    },
    {
      description: 'zsh, in a directory of $fpath',
      command: '<%= config.bin %> completion zsh > /usr/local/share/zsh/site-functions/_bcs-apiserver-proxy',
    },
    {
      description: 'fish',
      command: '<%= config.bin %> completion fish > /etc/fish/completions/bcs-apiserver-proxy.fish',
    },
  ];
  static override args = {
    shell: Args.option({ options: SHELLS })({
      description: 'the shell that reads the script',
      required: true,
      ignoreStdin: true,
    }),
  };

  async run(): Promise<Record<string, unknown>> {
    const { args } = await this.parse(Completion);
    const { bin } = this.config;
    const codes = CONDITIONS.map(({ code }) => code);
    const commands = commandTable(manifest, bin, codes);
    const script = completionScript(args.shell, { bin, version: VERSION, commands });
    if (!this.jsonEnabled()) process.stdout.write(script);
    return { shell: args.shell, script };
  }
}
