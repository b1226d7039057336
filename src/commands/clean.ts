// `clean`: take away what `init` made, and nothing else.
import { Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag, environmentName, persistDirFlag } from '../base-command.ts';
import { showOperation } from '../cli/show-operation.ts';
import { virtualServerFlag } from '../cli/spec-flags.ts';
import { openKernel, openSockets } from '../lib/app.ts';
import { readFlags } from '../lib/config/settings.ts';
import { isProxyError, ProxyError } from '../lib/errors.ts';
import { requireNetAdmin } from '../lib/host/privileges.ts';
import { formatHostPort, type HostPort } from '../lib/model/address.ts';
import { cleanTasks, refuseWhileInUse } from '../lib/operations/clean.ts';
import { type LoadedSet, loadPersisted, persistedPath } from '../lib/store/persisted-set.ts';

const NAME_IT = 'name the virtual server: bcs-apiserver-proxy clean --vs VIP:PORT';

export default class Clean extends BaseCommand {
  static override summary = 'remove the virtual server and everything else that init set up';
  static override examples = ['<%= config.bin %> clean --dry-run', '<%= config.bin %> clean --purge'];
  static override flags = {
    vs: virtualServerFlag,
    purge: Flags.boolean({ summary: 'remove the persisted set as well', env: environmentName('purge') }),
    force: Flags.boolean({
      summary: 'remove even if connections through the virtual server are open; they break',
      env: environmentName('force'),
    }),
    'persist-dir': persistDirFlag,
    'dry-run': dryRunFlag,
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags } = await this.parse(Clean);
    const virtualServer = readFlags(flags).vs ?? this.#persisted(flags['persist-dir']);
    const context = {
      kernel: openKernel(),
      sockets: openSockets(),
      persistDir: flags['persist-dir'],
      dryRun: flags['dry-run'],
    };
    requireNetAdmin();
    if (!flags.force && !flags['dry-run']) refuseWhileInUse(context, virtualServer);
    const tasks = cleanTasks(context, virtualServer, flags);
    const subject = `virtual server ${formatHostPort(virtualServer)}`;
    return showOperation(tasks, { json: this.jsonEnabled(), subject, dryRun: flags['dry-run'] });
  }

  #persisted(persistDir: string): HostPort {
    const loaded = load(persistDir);
    if (loaded.problem !== undefined) this.warn(`${loaded.problem}; using ${loaded.path}`);
    return loaded.spec.virtualServer;
  }
}

function load(persistDir: string): LoadedSet {
  try {
    const loaded = loadPersisted(persistDir);
    if (loaded !== undefined) return loaded;
  } catch (error) {
    if (!isProxyError(error)) throw error;
    throw new ProxyError(error.code, `${error.message}, so it is unknown what to remove`, {
      suggestions: [NAME_IT],
      cause: error,
    });
  }
  throw new ProxyError(
    'persisted-missing',
    `${persistedPath(persistDir)} does not exist, so it is unknown what to remove`,
    { suggestions: [NAME_IT] },
  );
}
