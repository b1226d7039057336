// `sync`: bring the kernel to the persisted set, or to the given real servers, once.
import { Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag, environmentName, persistDirFlag } from '../base-command.ts';
import { daemonFlags } from '../cli/daemon-flags.ts';
import { showOperation } from '../cli/show-operation.ts';
import { realServersFlag, virtualServerFlag } from '../cli/spec-flags.ts';
import { openKernel, openSockets } from '../lib/app.ts';
import { readFlags, readRealServers, type Settings } from '../lib/config/settings.ts';
import { admit } from '../lib/daemon/admission.ts';
import { discoverOnce } from '../lib/discovery/once.ts';
import { ProxyError } from '../lib/errors.ts';
import { isListening } from '../lib/host/listeners.ts';
import { requireNetAdmin } from '../lib/host/privileges.ts';
import { equalHostPort, formatHostPort } from '../lib/model/address.ts';
import { type ProxySpec, validateSpec } from '../lib/model/spec.ts';
import { specOf } from '../lib/model/spec-values.ts';
import { duration } from '../lib/model/values.ts';
import { forgetTask } from '../lib/operations/forget.ts';
import { TABLES } from '../lib/operations/kernel-tasks.ts';
import { checkAgainstHost } from '../lib/operations/preflight.ts';
import { syncTasks } from '../lib/operations/sync.ts';
import { isDone } from '../lib/operations/task.ts';
import { loadPersisted, persistedPath } from '../lib/store/persisted-set.ts';
import { printable } from '../lib/text.ts';

const lookOnFor = duration('0s', '1h', 'who looks after a node for longer is the daemon');
const addressTimeout = duration('0s', '1h', 'a network that takes longer needs a person');

export default class Sync extends BaseCommand {
  static override summary = 'restore the persisted set, or change the list of masters';
  static override description =
    '--vs, --rs and --scheduler replace what is persisted, and are persisted in turn.';
  static override examples = [
    {
      description: 'restore the persisted set, as at boot, without contacting any master',
      command: '<%= config.bin %> sync --from persisted',
    },
    {
      description: 'the masters that the API lists now',
      command: '<%= config.bin %> sync --from cluster --kubeconfig /etc/kubernetes/kubelet.conf',
    },
    {
      description: 'an explicit list of masters',
      command: '<%= config.bin %> sync --rs 10.0.0.11:6443 --rs 10.0.0.14:6443',
    },
    {
      description: 'one more master, until the next boot',
      command: '<%= config.bin %> sync --add --rs 10.0.0.14:6443',
    },
  ];
  static override flags = {
    from: Flags.option({
      summary: 'where the list comes from: the persisted set, or one request to the cluster',
      options: ['persisted', 'cluster'] as const,
      default: 'persisted' as const,
      env: environmentName('from'),
    })(),
    vs: virtualServerFlag,
    rs: realServersFlag,
    scheduler: daemonFlags.scheduler,
    add: Flags.boolean({
      summary: 'only add real servers: change and remove none, and persist nothing',
      env: environmentName('add'),
    }),
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
      summary: 'save a list that is given or that comes from the cluster (--no-persist: do not)',
      allowNo: true,
      default: true,
      env: environmentName('persist'),
    }),
    'address-timeout': Flags.string({
      summary: 'how long to wait for this host to have an address for the local route, as at boot',
      helpValue: '10m',
      default: '0s',
      env: environmentName('address-timeout'),
    }),
    'look-on': Flags.string({
      summary: 'afterwards probe and repair for at most this long, until a daemon takes over, as at boot',
      helpValue: '10m',
      default: '0s',
      env: environmentName('look-on'),
    }),
    forget: Flags.string({
      summary: 'only forget a master that left discovery while it was dead',
      helpValue: 'HOST:PORT',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
      env: environmentName('forget'),
    }),
    'dry-run': dryRunFlag,
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags } = await this.parse(Sync);
    const dryRun = flags['dry-run'];
    const addressTimeoutMs = addressTimeout(flags['address-timeout'], '--address-timeout');
    const lookOnMs = lookOnFor(flags['look-on'], '--look-on');
    if (flags.forget !== undefined) return this.#forget(flags.forget, flags);
    const spec = await readSpec(flags);
    const context = {
      kernel: openKernel(),
      sockets: openSockets(),
      persistDir: flags['persist-dir'],
      dryRun,
    };
    if (flags.vs !== undefined) checkAgainstHost(spec, context.kernel.routes);
    requireNetAdmin();
    const isGiven = [flags.vs, flags.rs, flags.scheduler].some(value => value !== undefined);
    const tasks = syncTasks(context, spec, {
      sysctl: flags.sysctl,
      persist: flags.persist && !flags.add && (isGiven || flags.from === 'cluster'),
      addOnly: flags.add,
      addressTimeoutMs,
    });
    const subject = `virtual server ${formatHostPort(spec.virtualServer)}`;
    const report = await showOperation(tasks, { json: this.jsonEnabled(), subject, dryRun });
    // A parameter or an address that is missing is no reason to leave the node alone.
    const tables = report.tasks.find(({ title }) => title === TABLES);
    const isMade = tables !== undefined && isDone(tables.status);
    if (lookOnMs > 0 && !dryRun && isMade) await this.#lookOn(flags['persist-dir'], lookOnMs);
    return report;
  }

  /** Loaded only where it is asked for. */
  async #lookOn(persistDir: string, forMs: number): Promise<void> {
    const { lookOn } = await import('../lib/daemon/lookout.ts');
    await lookOn(persistDir, forMs);
  }

  async #forget(
    names: readonly string[] | string,
    flags: SpecSources & { 'dry-run': boolean },
  ): Promise<Record<string, unknown>> {
    const { virtualServer } = knownSpec(readFlags(flags), flags['persist-dir']);
    const gone = readRealServers(names, '--forget');
    const tasks = [forgetTask(flags['persist-dir'], virtualServer, gone, flags['dry-run'])];
    const subject = 'masters that are missing';
    return showOperation(tasks, { json: this.jsonEnabled(), subject, dryRun: flags['dry-run'] });
  }
}

interface SpecSources extends Record<string, unknown> {
  readonly from: 'persisted' | 'cluster';
  readonly 'persist-dir': string;
}

async function readSpec(flags: SpecSources): Promise<ProxySpec> {
  const given = readFlags(flags);
  const known = knownSpec(given, flags['persist-dir']);
  const spec = { ...known, realServers: await realServersOf(known) };
  validateSpec(spec);
  return spec;

  async function realServersOf({ realServers }: ProxySpec): Promise<ProxySpec['realServers']> {
    if (given.rs !== undefined) return given.rs;
    return flags.from === 'cluster' ? discovered(known, given) : realServers;
  }
}

/** What discovery names and can be no master is told and ignored, as by the daemon: the others are no worse for it. */
async function discovered(known: ProxySpec, given: Settings): Promise<ProxySpec['realServers']> {
  const named = await discoverOnce(known, given);
  const { routes } = openKernel();
  const { admitted, refused } = admit(named, {
    virtualServer: known.virtualServer,
    known: known.realServers,
    isHostAddress: address => routes.isHostAddress(address),
    isListening,
  });
  for (const sentence of refused) process.stderr.write(`Warning: ${sentence}\n`);
  if (admitted.length > 0) return admitted;
  throw new ProxyError('discovery-failed', 'discovery names no master that could serve; nothing is changed');
}

/** The persisted set, changed as the flags say; a new one without real servers where it is of another virtual server. */
function knownSpec({ vs, scheduler }: Settings, persistDir: string): ProxySpec {
  const loaded = loadPersisted(persistDir);
  if (loaded?.problem !== undefined)
    process.stderr.write(`Warning: ${printable(loaded.problem)}; using ${loaded.path}\n`);
  const persisted = loaded?.spec;
  const virtualServer = vs ?? persisted?.virtualServer;
  if (virtualServer === undefined) {
    const problem = `${persistedPath(persistDir)} does not exist, so there is nothing to restore`;
    throw new ProxyError('persisted-missing', problem, {
      suggestions: ['bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT'],
    });
  }
  const isSame = persisted !== undefined && equalHostPort(persisted.virtualServer, virtualServer);
  const spec = isSame ? persisted : specOf({ vs: virtualServer });
  if (scheduler === undefined || scheduler === spec.scheduler) return spec;
  return { ...spec, scheduler, schedulerFlags: [] };
}
