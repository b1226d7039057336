// `daemon`: keep the virtual server right for ever.
import { Flags } from '@oclif/core';
import { BaseCommand, environmentName } from '../base-command.ts';
import { daemonFlags } from '../cli/daemon-flags.ts';
import { COMMIT } from '../cli/version.ts';
import { openKernel } from '../lib/app.ts';
import { type LoadedDaemonConfig, loadDaemonConfig, requireFiles } from '../lib/config/load.ts';
import { runDaemon } from '../lib/daemon/run.ts';
import { printable } from '../lib/text.ts';

export default class Daemon extends BaseCommand {
  static override summary =
    'keep the virtual server correct: discover masters, probe them, repair the kernel rules';
  static override description =
    'Runs until SIGTERM or SIGINT, which leave the kernel rules in place; SIGHUP reloads the configuration. A flag wins over the environment, the environment over the file, and the file over the persisted set.';
  static override examples = [
    {
      description: 'the masters that the API lists',
      command: '<%= config.bin %> daemon --vs 10.99.0.1:6443 --kubeconfig /etc/kubernetes/kubelet.conf',
    },
    {
      description: 'an explicit list of masters',
      command:
        '<%= config.bin %> daemon --vs 10.99.0.1:6443 --discovery static --rs 10.0.0.11:6443 --rs 10.0.0.12:6443',
    },
    {
      description: 'everything from a file',
      command: '<%= config.bin %> daemon --config /etc/bcs-apiserver-proxy.yaml',
    },
    {
      description: 'check a configuration before it is rolled out',
      command: '<%= config.bin %> daemon --check --config /etc/bcs-apiserver-proxy.yaml',
    },
  ];
  static override flags = {
    ...daemonFlags,
    check: Flags.boolean({
      summary: 'check the configuration, say what the daemon would do first, and end',
      env: environmentName('check'),
    }),
  };

  async run(): Promise<Record<string, unknown> | undefined> {
    const { flags } = await this.parse(Daemon);
    const load = () => {
      const loaded = loadDaemonConfig({ flags, file: flags.config });
      requireFiles(loaded.config);
      return loaded;
    };
    if (flags.check) return this.#check(load());
    await runDaemon({ load, version: this.config.version, commit: COMMIT });
    return undefined;
  }

  /** Wrong configurations never come here: loading throws. */
  async #check({ config, notes }: LoadedDaemonConfig): Promise<Record<string, unknown>> {
    const { checkOf } = await import('../lib/daemon/check.ts');
    const { settings, firstPass } = checkOf(config, openKernel);
    for (const note of notes) this.warn(note);
    if (!this.jsonEnabled()) {
      const lines = settings.map(([name, value]) => `${name.padEnd(14)}  ${value}`);
      const steps = typeof firstPass === 'string' ? [`not known: ${firstPass}`] : firstPass;
      const first = steps.length === 0 ? ['nothing to change'] : steps;
      const text = [
        ...lines,
        ...first.map((step, index) => `${(index === 0 ? 'first pass' : '').padEnd(14)}  ${step}`),
      ];
      process.stdout.write(`${text.map(printable).join('\n')}\nthe configuration is valid\n`);
    }
    return { valid: true, settings: Object.fromEntries(settings), firstPass, notes };
  }
}
