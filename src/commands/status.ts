// `status`: is this node's way to the masters sound, and if not, why and what to type.
import { setTimeout as delay } from 'node:timers/promises';
import { Flags } from '@oclif/core';
import chalk from 'chalk';
import { BaseCommand, environmentName, persistDirFlag } from '../base-command.ts';
import { virtualServerFlag } from '../cli/spec-flags.ts';
import { canRedraw } from '../cli/terminal.ts';
import { openKernel, openRecordedKernel, openSockets } from '../lib/app.ts';
import { readFlags } from '../lib/config/settings.ts';
import { EXIT_FAILED, isProxyError, UsageError } from '../lib/errors.ts';
import { didYouMean } from '../lib/model/nearest.ts';
import { duration } from '../lib/model/values.ts';
import { collectFacts, type ReadConfigMap } from '../lib/status/collect.ts';
import { CONDITIONS } from '../lib/status/conditions.ts';
import { formatText, type Paint } from '../lib/status/format.ts';
import { toJson } from '../lib/status/json.ts';
import { EXIT_CODE, formatBrief, judge, type StatusReport } from '../lib/status/verdict.ts';
import { printable } from '../lib/text.ts';

const COLOUR = { healthy: chalk.green, degraded: chalk.yellow, down: chalk.red, unknown: chalk.magenta };
const paint: Paint = (verdict, text) => COLOUR[verdict](text);

const waitLimit = duration('1s', '1h', 'what takes longer needs a person');
const watchInterval = duration('500ms', '1h', 'each look asks every master');

/** What talks to Kubernetes is loaded only when kube-proxy itself does not answer. */
const readConfigMap: ReadConfigMap = async (...question) => {
  const { readConfigMapValue } = await import('../lib/discovery/config-map.ts');
  return readConfigMapValue(...question);
};

export default class Status extends BaseCommand {
  static override summary = 'say whether the virtual server works, and if not, why';
  static override description =
    'Exit code: 0 healthy, 1 degraded, 2 down, 3 cannot tell. --watch ends with Ctrl-C and the code of the last look.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    '<%= config.bin %> status --brief',
    '<%= config.bin %> status --wait 60s',
    '<%= config.bin %> status --json',
    '<%= config.bin %> status --explain real-server-down',
    '<%= config.bin %> status --bundle /tmp/ticket.tar.gz',
  ];
  static override flags = {
    vs: virtualServerFlag,
    'persist-dir': persistDirFlag,
    probe: Flags.boolean({
      summary: 'probe the masters, directly and through the VIP (--no-probe: look at kernel and files only)',
      allowNo: true,
      default: true,
    }),
    wide: Flags.boolean({
      summary: 'also show traffic, the host, all events and every check',
      env: environmentName('wide'),
    }),
    brief: Flags.boolean({
      summary: 'print one line, for monitoring: "OK ..." or "error in CODE: ..."',
      env: environmentName('brief'),
    }),
    bundle: Flags.string({
      summary:
        'write everything that was found to an archive for a ticket, without secrets (FILE must not exist)',
      helpValue: 'FILE',
      env: environmentName('bundle'),
    }),
    explain: Flags.string({
      summary: 'explain a code that status shows: what it means, where to look, what to type',
      helpValue: 'CODE',
      env: environmentName('explain'),
    }),
    watch: Flags.boolean({
      summary: 'repeat; on a pipe, or with --brief, print a line whenever something changed',
      env: environmentName('watch'),
    }),
    wait: Flags.string({
      summary:
        'look until connections through the virtual server work (healthy or degraded), for so long at most',
      helpValue: '60s',
      env: environmentName('wait'),
    }),
    interval: Flags.string({
      summary: 'time between the repetitions of --watch',
      helpValue: '2s',
      default: '2s',
      env: environmentName('interval'),
    }),
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags } = await this.parse(Status);
    if (flags.explain !== undefined) return this.#explain(flags.explain);
    refuseTogether(flags);
    const options = {
      persistDir: flags['persist-dir'],
      virtualServer: readFlags({ vs: flags.vs }).vs,
      probe: flags.probe,
      readConfigMap,
    };
    const intervalMs = watchInterval(flags.interval, '--interval');
    if (flags.bundle !== undefined) (await import('../lib/bundle/archive.ts')).refuseTarget(flags.bundle);
    const node = { kernel: openKernel(), sockets: openSockets() };
    const look = async (): Promise<StatusReport> => {
      const report = judge(await collectFacts(node, options));
      process.exitCode = EXIT_CODE[report.verdict];
      return report;
    };
    const textOf = (report: StatusReport): string => formatText(report, { paint, wide: flags.wide });
    if (flags.watch) {
      process.exitCode = EXIT_CODE.unknown;
      const lookBoth = async () => {
        const report = await look();
        return { text: textOf(report), brief: printable(formatBrief(report)) };
      };
      const { watch } = await import('../cli/watch.ts');
      await watch(lookBoth, { intervalMs, redraw: canRedraw() && !flags.brief });
      return {};
    }
    const report = await lookUntil(look, flags.wait === undefined ? 0 : waitLimit(flags.wait, '--wait'));
    const made =
      flags.bundle === undefined ? undefined : await this.#bundle(flags.bundle, report, options.persistDir);
    if (!this.jsonEnabled())
      process.stdout.write(flags.brief ? `${printable(formatBrief(report))}\n` : textOf(report));
    if (made !== undefined && !this.jsonEnabled()) process.stdout.write(`\n${made}\n`);
    return toJson(report);
  }

  /** A look that fails cannot tell; 1 would be "degraded" for whoever monitors. */
  protected override catch(error: Error): Promise<unknown> {
    const failed = isProxyError(error) && error.exitCode === EXIT_FAILED;
    return super.catch(failed ? Object.assign(error, { exitCode: EXIT_CODE.unknown }) : error);
  }

  async #explain(name: string): Promise<Record<string, unknown>> {
    const codes = CONDITIONS.map(({ code }) => code);
    if (!codes.includes(name)) throw unknownCode(name, codes);
    const { explain } = await import('../lib/status/explain.ts');
    const text = explain(name);
    if (!this.jsonEnabled()) process.stdout.write(text);
    return { code: name, text };
  }

  async #bundle(path: string, report: StatusReport, persistDir: string): Promise<string> {
    const { makeBundle } = await import('../lib/bundle/make.ts');
    const { version } = this.config;
    const { files, bytes } = await makeBundle({
      path,
      report,
      persistDir,
      version,
      openKernel: openRecordedKernel,
    });
    return `bundle: ${path}, ${files} files, ${Math.ceil(bytes / 1024)} KiB; look at it before you share it`;
  }
}

const LOOK_AGAIN_MS = 1000;

/** The last look: the first one after which connections work, or the one at the end of the time. */
async function lookUntil(look: () => Promise<StatusReport>, limitMs: number): Promise<StatusReport> {
  const until = performance.now() + limitMs;
  for (;;) {
    const report = await look();
    const works = report.verdict === 'healthy' || report.verdict === 'degraded';
    const leftMs = until - performance.now();
    if (works || leftMs <= 0) return report;
    await delay(Math.min(LOOK_AGAIN_MS, leftMs));
  }
}

const EXCLUSIVE = [
  ['brief', 'wide'],
  ['watch', 'json'],
  ['watch', 'bundle'],
  ['watch', 'wait'],
] as const;

function refuseTogether(flags: Partial<Record<(typeof EXCLUSIVE)[number][number], unknown>>): void {
  for (const [one, other] of EXCLUSIVE) {
    if (flags[one] && flags[other])
      throw new UsageError(`--${one}: not together with --${other}; give one of them`);
  }
}

function unknownCode(name: string, codes: readonly string[]): UsageError {
  const hint = didYouMean(name, codes, `the codes are ${codes.join(' ')}`);
  return new UsageError(`--explain ${name}: status has no such code; ${hint}`);
}
