// `init`: set up the virtual server on a node that has none, or change it to what the flags say.
import { Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag, environmentName, persistDirFlag } from '../base-command.ts';
import { formatNextSteps, type NextStep, nextSteps } from '../cli/next-steps.ts';
import { showOperation } from '../cli/show-operation.ts';
import { specFlags } from '../cli/spec-flags.ts';
import { openKernel, openSockets } from '../lib/app.ts';
import { readSpec } from '../lib/config/spec.ts';
import { requireNetAdmin } from '../lib/host/privileges.ts';
import { formatHostPort, type HostPort } from '../lib/model/address.ts';
import type { OperationContext } from '../lib/operations/context.ts';
import { initTasks } from '../lib/operations/init.ts';
import { checkAgainstHost } from '../lib/operations/preflight.ts';

export default class Init extends BaseCommand {
  static override summary = 'set up the local virtual server VIP:PORT over the masters';
  static override description =
    'Loads the kernel modules, sets the kernel parameters, creates the virtual server and the local route, persists the set, installs the boot service that restores it, and connects through the VIP once. A second run changes only what differs.';
  static override examples = [
    {
      description: 'three masters',
      command:
        '<%= config.bin %> init --vs 10.99.0.1:6443 --rs 10.0.0.11:6443 --rs 10.0.0.12:6443 --rs 10.0.0.13:6443',
    },
    {
      description: 'IPv6, round robin',
      command:
        '<%= config.bin %> init --vs [fd99::1]:6443 --rs [fd00::11]:6443 --rs [fd00::12]:6443 --scheduler rr',
    },
  ];
  static override flags = {
    ...specFlags,
    'persist-dir': persistDirFlag,
    sysctl: Flags.boolean({
      summary: 'set kernel parameters (--no-sysctl: leave them alone)',
      allowNo: true,
      default: true,
      env: environmentName('sysctl'),
    }),
    service: Flags.boolean({
      summary: 'install the boot service (--no-service: do not)',
      allowNo: true,
      default: true,
      env: environmentName('service'),
    }),
    persist: Flags.boolean({
      summary: 'save the set for the next boot (--no-persist: do not)',
      allowNo: true,
      default: true,
      env: environmentName('persist'),
    }),
    'dry-run': dryRunFlag,
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags } = await this.parse(Init);
    const spec = readSpec(flags);
    const context = {
      kernel: openKernel(),
      sockets: openSockets(),
      persistDir: flags['persist-dir'],
      dryRun: flags['dry-run'],
    };
    checkAgainstHost(spec, context.kernel.routes);
    requireNetAdmin();
    const tasks = initTasks(context, spec, flags);
    const subject = `virtual server ${formatHostPort(spec.virtualServer)}`;
    const shown = { json: this.jsonEnabled(), subject, dryRun: flags['dry-run'] };
    const report = await showOperation(tasks, shown);
    const isSetUp = !flags['dry-run'] && process.exitCode === undefined;
    return isSetUp ? { ...report, next: await this.#next(context, spec.virtualServer) } : report;
  }

  /** Looks as `status` does: what is in order already is no step. */
  async #next(
    { kernel, sockets, persistDir }: OperationContext,
    virtualServer: HostPort,
  ): Promise<NextStep[]> {
    const { collectFacts } = await import('../lib/status/collect.ts');
    const { judge } = await import('../lib/status/verdict.ts');
    const facts = await collectFacts({ kernel, sockets }, { persistDir, virtualServer, probe: true });
    const steps = nextSteps(judge(facts), formatHostPort(virtualServer));
    if (!this.jsonEnabled()) process.stdout.write(formatNextSteps(steps));
    return steps;
  }
}
