// `status`: is this node's way to the masters sound, and if not, why and what to type.
import { Flags } from '@oclif/core';
import chalk from 'chalk';
import { BaseCommand, persistDirFlag } from '../base-command.ts';
import { readVirtualServer, virtualServerFlag } from '../cli/spec-flags.ts';
import { openKernel } from '../lib/app.ts';
import { collectFacts, type ReadConfigMap } from '../lib/status/collect.ts';
import { formatText, type Paint, toJson } from '../lib/status/format.ts';
import { EXIT_CODE, judge } from '../lib/status/verdict.ts';

const COLOUR = { healthy: chalk.green, degraded: chalk.yellow, down: chalk.red, unknown: chalk.magenta };
const paint: Paint = (verdict, text) => COLOUR[verdict](text);

/** What talks to Kubernetes is loaded only when kube-proxy itself does not answer. */
const readConfigMap: ReadConfigMap = async (...question) => {
  const { readConfigMapValue } = await import('../lib/endpoints/config-map.ts');
  return readConfigMapValue(...question);
};

export default class Status extends BaseCommand {
  static override summary = 'say whether the virtual server works, and if not, why';
  static override description = 'Exit code: 0 healthy, 1 degraded, 2 down, 3 cannot tell.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];
  static override flags = {
    vs: virtualServerFlag,
    'persist-dir': persistDirFlag,
    probe: Flags.boolean({
      summary: 'probe the real servers (not part of this version yet; --no-probe is accepted)',
      allowNo: true,
      default: true,
    }),
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags } = await this.parse(Status);
    const virtualServer = flags.vs === undefined ? undefined : readVirtualServer(flags.vs);
    const options = { persistDir: flags['persist-dir'], virtualServer, probe: flags.probe, readConfigMap };
    const report = judge(await collectFacts(openKernel(), options));
    process.exitCode = EXIT_CODE[report.verdict];
    if (!this.jsonEnabled()) process.stdout.write(formatText(report, paint));
    return toJson(report);
  }
}
