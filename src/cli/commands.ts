// Every command, loaded only when it is the one that runs: loading all of them costs 20 ms and more.
import type { Command } from '@oclif/core';

type CommandModule = { default: Command.Class };

export const commandLoaders: Readonly<Record<string, () => Promise<CommandModule>>> = {
  clean: () => import('../commands/clean.ts'),
  completion: () => import('../commands/completion.ts'),
  daemon: () => import('../commands/daemon.ts'),
  init: () => import('../commands/init.ts'),
  'install-service': () => import('../commands/install-service.ts'),
  status: () => import('../commands/status.ts'),
  sync: () => import('../commands/sync.ts'),
  version: () => import('../commands/version.ts'),
};
