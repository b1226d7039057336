// `daemon`: keep the virtual server right for ever.
import { BaseCommand } from '../base-command.ts';
import { daemonFlags } from '../cli/daemon-flags.ts';
import { loadDaemonConfig, requireFiles } from '../lib/config/load.ts';
import { runDaemon } from '../lib/daemon/run.ts';

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
  ];
  static override flags = daemonFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(Daemon);
    const load = () => {
      const loaded = loadDaemonConfig({ flags, file: flags.config });
      requireFiles(loaded.config);
      return loaded;
    };
    await runDaemon({ load, version: this.config.version });
  }
}
