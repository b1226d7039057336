// Throw-away: replaced by the real command.
import { Flags } from '@oclif/core';
import { BaseCommand } from '../base-command.ts';

export default class Sync extends BaseCommand {
  static override summary = 'Throw-away sync';
  static override flags = { 'dry-run': Flags.boolean({ summary: 'only say what would be done' }) };

  async run(): Promise<void> {
    await this.parse();
  }
}
