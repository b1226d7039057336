// `sync`: bring the kernel to the persisted set, or to the given real servers, once.
import { Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag, environmentName, persistDirFlag } from '../base-command.ts';
import { daemonFlags } from '../cli/daemon-flags.ts';
import { showOperation } from '../cli/show-operation.ts';
import { readRealServers, realServersFlag } from '../cli/spec-flags.ts';
import { openKernel } from '../lib/app.ts';
import { discoverOnce } from '../lib/endpoints/once.ts';
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
    { description: 'as at boot: nobody is asked', command: '<%= config.bin %> sync --from persisted' },
    {
      description: 'masters as the API names them now',
      command: '<%= config.bin %> sync --from cluster --kubeconfig /etc/kubernetes/kubelet.conf',
    },
    {
      description: 'masters that are given',
      command: '<%= config.bin %> sync --rs 10.0.0.11:6443 --rs 10.0.0.14:6443',
    },
  ];
  static override flags = {
    from: Flags.option({
      summary: 'where the set comes from: the persisted file, or one look at the cluster',
      options: ['persisted', 'cluster'] as const,
      default: 'persisted' as const,
      env: environmentName('from'),
    })(),
    rs: realServersFlag,
    kubeconfig: daemonFlags.kubeconfig,
    server: daemonFlags.server,
    'persist-dir': persistDirFlag,
    sysctl: Flags.boolean({
      summary: 'set kernel parameters (--no-sysctl: leave them alone)',
      allowNo: true,
      default: true,
      env: environmentName('sysctl'),
    }),
    persist: Flags.boolean({
      summary: 'persist the real servers of --rs or of the cluster (--no-persist: do not)',
      allowNo: true,
      default: true,
      env: environmentName('persist'),
    }),
    'dry-run': dryRunFlag,
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags } = await this.parse(Sync);
    const dryRun = flags['dry-run'];
    const spec = await this.#spec(flags);
    const context = { kernel: openKernel(), persistDir: flags['persist-dir'], dryRun };
    requireNetAdmin();
    const tasks = syncTasks(context, spec, {
      sysctl: flags.sysctl,
      persist: flags.persist && (flags.rs !== undefined || flags.from === 'cluster'),
    });
    const subject = `virtual server ${formatHostPort(spec.virtualServer)}`;
    const report = await showOperation(tasks, { json: this.jsonEnabled(), subject, dryRun });
    if (dryRun && report.changed === true && process.exitCode === undefined) process.exitCode = EXIT_CHANGES;
    return report;
  }

  async #spec({ from, rs, kubeconfig, server, 'persist-dir': persistDir }: SpecSources): Promise<ProxySpec> {
    const loaded = loadPersisted(persistDir);
    if (loaded === undefined) {
      const problem = `${persistedPath(persistDir)} does not exist, so there is nothing to restore`;
      throw new ProxyError('persisted-missing', problem, {
        suggestions: ['bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT'],
      });
    }
    if (loaded.problem !== undefined)
      process.stderr.write(`Warning: ${loaded.problem}; using ${loaded.path}\n`);
    if (rs === undefined && from === 'persisted') return loaded.spec;
    const realServers =
      rs === undefined ? await discoverOnce(loaded.spec, { kubeconfig, server }) : readRealServers(rs);
    const spec = { ...loaded.spec, realServers };
    validateSpec(spec);
    return spec;
  }
}

interface SpecSources {
  readonly from: 'persisted' | 'cluster';
  readonly rs: string[] | undefined;
  readonly kubeconfig: string | undefined;
  readonly server: string | undefined;
  readonly 'persist-dir': string;
}
