// `status`: is this node's way to the masters sound, and if not, why and what to type.
import { Flags } from '@oclif/core';
import chalk from 'chalk';
import { BaseCommand, persistDirFlag } from '../base-command.ts';
import { readVirtualServer, virtualServerFlag } from '../cli/spec-flags.ts';
import { openKernel } from '../lib/app.ts';
import { collectFacts, type ReadConfigMap } from '../lib/status/collect.ts';
import { formatText, type Paint } from '../lib/status/format.ts';
import { toJson } from '../lib/status/json.ts';
import { EXIT_CODE, formatBrief, judge } from '../lib/status/verdict.ts';

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
      summary:
        'ask the masters how they are, directly and through the VIP (--no-probe: kernel and files only)',
      allowNo: true,
      default: true,
    }),
    wide: Flags.boolean({ summary: 'show traffic, host, all events and every check as well' }),
    brief: Flags.boolean({
      summary: 'print one line, for monitoring: "OK ..." or "error in CODE: ..."',
      exclusive: ['wide'],
    }),
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags } = await this.parse(Status);
    const virtualServer = flags.vs === undefined ? undefined : readVirtualServer(flags.vs);
    const options = { persistDir: flags['persist-dir'], virtualServer, probe: flags.probe, readConfigMap };
    const report = judge(await collectFacts(openKernel(), options));
    process.exitCode = EXIT_CODE[report.verdict];
    const text = flags.brief ? `${formatBrief(report)}\n` : formatText(report, { paint, wide: flags.wide });
    if (!this.jsonEnabled()) process.stdout.write(text);
    return toJson(report);
  }
}
