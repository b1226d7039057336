// Throw-away: replaced by the real command. Opens a netlink socket, to show that the addon loads.
import { Flags } from '@oclif/core';
import { BaseCommand } from '../base-command.ts';
import { openSocket } from '../lib/native/libc.ts';

export default class Status extends BaseCommand {
  static override summary = 'Throw-away status';
  static override flags = {
    'no-probe': Flags.boolean({ summary: 'do not probe' }),
    family: Flags.string({ options: ['4', '6'], summary: 'only one address family' }),
  };

  async run(): Promise<{ fd: number }> {
    await this.parse();
    const fd = openSocket(16, 3, 16);
    this.log(`netlink socket ${fd}`);
    return { fd };
  }
}
