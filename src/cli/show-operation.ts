// Runs an operation and shows it: a live list on a terminal, plain lines elsewhere, nothing when JSON was asked for.
import chalk from 'chalk';
import { EXIT_FAILED, isProxyError, messageOf } from '../lib/errors.ts';
import { type OperationReport, runTasks, type Task, type TaskReport } from '../lib/operations/task.ts';
import { printable } from '../lib/text.ts';
import { canRedraw } from './terminal.ts';

/** What --json prints. */
export interface OperationJson extends Record<string, unknown> {
  readonly changed: boolean;
  readonly tasks: readonly Omit<TaskReport, 'done' | 'warnings'>[];
}

/** Of a dry run that found something to do, whatever the command. */
const EXIT_CHANGES = 2;

export interface ShowOptions {
  readonly json: boolean;
  /** What the last line calls it, for example "virtual server 10.99.0.1:6443". */
  readonly subject: string;
  readonly dryRun: boolean;
}

/** Sets the exit code: that of the first failure, or 2 when a dry run found something to do. */
export async function showOperation(tasks: readonly Task[], options: ShowOptions): Promise<OperationJson> {
  const display = options.json ? silent : canRedraw() ? await liveList(tasks, options) : plainLines(options);
  const report = await runTasks(tasks, display);
  await display.end();
  if (report.failures.length > 0) process.exitCode = exitCodeOf(report.failures[0]);
  else if (options.dryRun && report.changed) process.exitCode = EXIT_CHANGES;
  if (!options.json) printOutcome(report, options);
  return toJson(report, options);
}

interface Display {
  started(task: Task): void;
  finished(report: TaskReport): void;
  end(): void | Promise<void>;
}

const silent: Display = { started() {}, finished() {}, end() {} };

const plainLines = (options: ShowOptions): Display => ({
  started() {},
  finished(report) {
    const sentences = sentencesOf(report, options);
    const rest = sentences.length === 0 ? '' : `: ${sentences.join('; ')}`;
    process.stdout.write(`${labelOf(report, options).padEnd(9)}  ${report.title}${rest}\n`);
  },
  end() {},
});

/** A dry run says "would load module ip_vs", so that nobody takes it for done. */
function sentencesOf(
  { status, changed, lines, warnings = [] }: TaskReport,
  { dryRun }: ShowOptions,
): string[] {
  const isPlanned = dryRun && changed && status !== 'failed';
  return [...lines.map(line => (isPlanned ? `would ${line}` : line)), ...warnings].map(printable);
}

function labelOf({ status }: TaskReport, { dryRun }: ShowOptions): string {
  return dryRun && status === 'changed' ? 'to change' : status;
}

const COLOUR: Record<TaskReport['status'], (text: string) => string> = {
  changed: chalk.green,
  unchanged: chalk.dim,
  ok: chalk.green,
  warning: chalk.yellow,
  failed: chalk.red,
  'not-run': chalk.dim,
};

/** Each listr2 task waits for the report of ours: the operation runs by itself, the list follows it. */
async function liveList(tasks: readonly Task[], options: ShowOptions): Promise<Display> {
  const { Listr } = await import('listr2');
  const reports = new Map(tasks.map(({ title }) => [title, Promise.withResolvers<TaskReport>()]));
  const list = new Listr(
    [...reports].map(([title, { promise }]) => ({
      title,
      task: async (_context, wrapper) => {
        const report = await promise;
        const { status } = report;
        const sentences = sentencesOf(report, options);
        wrapper.title = [`${title}  ${COLOUR[status](labelOf(report, options))}`, ...sentences].join('\n');
        if (status === 'not-run') wrapper.skip();
        if (status === 'failed') throw new Error(sentences.join('; '));
      },
    })),
    { exitOnError: false, rendererOptions: { collapseErrors: false, showErrorMessage: false } },
  );
  const done = list.run();
  return {
    started() {},
    finished: report => reports.get(report.title)?.resolve(report),
    end: async () => void (await done),
  };
}

function printOutcome({ tasks, failures, changed }: OperationReport, { subject, dryRun }: ShowOptions): void {
  if (failures.length === 0) {
    const verdict = changed ? (dryRun ? 'would change' : 'done') : 'unchanged';
    process.stdout.write(`${verdict}: ${subject}\n`);
    return;
  }
  const notRun = tasks.filter(({ status }) => status === 'not-run').map(({ title }) => title);
  const done = tasks.filter(({ changed }) => changed).map(changedPart);
  const suggestions = failures.flatMap(failure => (isProxyError(failure) ? failure.suggestions : []));
  process.stderr.write(
    [
      ...failures.map(failure => `Error: ${messageOf(failure)}`),
      `Changed: ${done.join(', ') || 'nothing'}.${notRun.length > 0 ? ` Not done: ${notRun.join(', ')}.` : ''}`,
      ...[...new Set(suggestions)].map(text => `Try this: ${text}`),
    ]
      .map(line => `${printable(line)}\n`)
      .join(''),
  );
}

function changedPart({ title, done }: TaskReport): string {
  return done === undefined ? title : `${title} (only this: ${done.join('; ')})`;
}

function exitCodeOf(failure: unknown): number {
  return isProxyError(failure) ? failure.exitCode : EXIT_FAILED;
}

function toJson(
  { tasks, changed, failures }: OperationReport,
  { subject, dryRun }: ShowOptions,
): OperationJson {
  const [error] = failures.map(describeFailure);
  const shown = tasks.map(({ done: _, warnings = [], ...task }) => ({
    ...task,
    lines: [...task.lines, ...warnings],
  }));
  return {
    subject,
    dryRun,
    changed,
    tasks: shown,
    ...(error && { error, errors: failures.map(describeFailure) }),
  };
}

function describeFailure(failure: unknown): Record<string, unknown> {
  if (!isProxyError(failure)) return { code: 'failed', message: messageOf(failure), suggestions: [] };
  return { code: failure.code, message: failure.message, suggestions: failure.suggestions };
}
