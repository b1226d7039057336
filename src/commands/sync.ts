// `sync`: bring the kernel to the persisted set, or to the given real servers, once.
import { Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag, environmentName, persistDirFlag } from '../base-command.ts';
import { showOperation } from '../cli/show-operation.ts';
import { readRealServers, realServersFlag } from '../cli/spec-flags.ts';
import { openKernel } from '../lib/app.ts';
import { ProxyError } from '../lib/errors.ts';
import { formatHostPort } from '../lib/model/address.ts';
import { type ProxySpec, validateSpec } from '../lib/model/spec.ts';
import { requireNetAdmin } from '../lib/operations/preflight.ts';
import { syncTasks } from '../lib/operations/sync.ts';
import { loadPersisted, persistedPath } from '../lib/store/persisted-set.ts';

/** --dry-run found something to do. */
const EXIT_CHANGES = 2;

export default class Sync extends BaseCommand {
  static override summary = 'bring the kernel to the persisted set, or to the given real servers';
  static override examples = [
    '<%= config.bin %> sync --from persisted',
    '<%= config.bin %> sync --rs 10.0.0.11:6443 --rs 10.0.0.14:6443',
  ];
  static override flags = {
    from: Flags.option({
      summary: 'where the set comes from',
      options: ['persisted'] as const,
      default: 'persisted' as const,
      env: environmentName('from'),
    })(),
    rs: realServersFlag,
    'persist-dir': persistDirFlag,
    sysctl: Flags.boolean({
      summary: 'set kernel parameters (--no-sysctl: leave them alone)',
      allowNo: true,
      default: true,
      env: environmentName('sysctl'),
    }),
    persist: Flags.boolean({
      summary: 'persist the real servers given with --rs (--no-persist: do not)',
      allowNo: true,
      default: true,
      env: environmentName('persist'),
    }),
    'dry-run': dryRunFlag,
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags } = await this.parse(Sync);
    const dryRun = flags['dry-run'];
    const spec = this.#spec(flags['persist-dir'], flags.rs);
    const context = { kernel: openKernel(), persistDir: flags['persist-dir'], dryRun };
    requireNetAdmin();
    const tasks = syncTasks(context, spec, {
      sysctl: flags.sysctl,
      persist: flags.persist && flags.rs !== undefined,
    });
    const subject = `virtual server ${formatHostPort(spec.virtualServer)}`;
    const report = await showOperation(tasks, { json: this.jsonEnabled(), subject, dryRun });
    if (dryRun && report.changed === true && process.exitCode === undefined) process.exitCode = EXIT_CHANGES;
    return report;
  }

  #spec(persistDir: string, realServers: string[] | undefined): ProxySpec {
    const loaded = loadPersisted(persistDir);
    if (loaded === undefined) {
      throw new ProxyError(
        'persisted-missing',
        `${persistedPath(persistDir)} does not exist, so there is nothing to restore`,
        {
          suggestions: ['bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT'],
        },
      );
    }
    if (loaded.problem !== undefined)
      process.stderr.write(`Warning: ${loaded.problem}; using ${loaded.path}\n`);
    const spec =
      realServers === undefined ? loaded.spec : { ...loaded.spec, realServers: readRealServers(realServers) };
    validateSpec(spec);
    return spec;
  }
}
