// `version`: what this program is, to the commit.
import { BaseCommand } from '../base-command.ts';
import { COMMIT, PLATFORM, VERSION, versionLine } from '../cli/version.ts';

export default class Version extends BaseCommand {
  static override summary = 'print the version, and the commit that this program was built from';
  static override description =
    'The first line is that of --version. A commit that ends in -dirty was built with changes that are not in it.';
  static override examples = ['<%= config.bin %> version', '<%= config.bin %> version --json'];

  async run(): Promise<Record<string, unknown>> {
    await this.parse(Version);
    if (!this.jsonEnabled()) process.stdout.write(`${versionLine()}commit ${COMMIT}\n`);
    return { version: VERSION, commit: COMMIT, platform: PLATFORM, node: process.versions.node };
  }
}
