// Runs an operation and shows it: a live list on a terminal, plain lines elsewhere, nothing when JSON was asked for.
import chalk from 'chalk';
import { EXIT_FAILED, isProxyError, messageOf } from '../lib/errors.ts';
import { type OperationReport, runTasks, type Task, type TaskReport } from '../lib/operations/task.ts';
import { canRedraw } from './terminal.ts';

/** What --json prints. */
export interface OperationJson extends Record<string, unknown> {
  readonly changed: boolean;
  readonly tasks: readonly Omit<TaskReport, 'done'>[];
}

export interface ShowOptions {
  readonly json: boolean;
  /** What the last line calls it, for example "virtual server 10.99.0.1:6443". */
  readonly subject: string;
  readonly dryRun: boolean;
}

/** Sets the exit code, that of the first failure, when a task failed. */
export async function showOperation(tasks: readonly Task[], options: ShowOptions): Promise<OperationJson> {
  const display = options.json ? silent : canRedraw() ? await liveList(tasks) : plainLines;
  const report = await runTasks(tasks, display);
  await display.end();
  if (report.failures.length > 0) process.exitCode = exitCodeOf(report.failures[0]);
  if (!options.json) printOutcome(report, options);
  return toJson(report, options);
}

interface Display {
  started(task: Task): void;
  finished(report: TaskReport): void;
  end(): void | Promise<void>;
}

const silent: Display = { started() {}, finished() {}, end() {} };

const plainLines: Display = {
  started() {},
  finished({ title, status, lines }) {
    const rest = lines.length === 0 ? '' : `: ${lines.join('; ')}`;
    process.stdout.write(`${status.padEnd(9)}  ${title}${rest}\n`);
  },
  end() {},
};

const COLOUR: Record<TaskReport['status'], (text: string) => string> = {
  changed: chalk.green,
  unchanged: chalk.dim,
  ok: chalk.green,
  warning: chalk.yellow,
  failed: chalk.red,
  'not-run': chalk.dim,
};

/** Each listr2 task waits for the report of ours: the operation runs by itself, the list follows it. */
async function liveList(tasks: readonly Task[]): Promise<Display> {
  const { Listr } = await import('listr2');
  const reports = new Map(tasks.map(({ title }) => [title, Promise.withResolvers<TaskReport>()]));
  const list = new Listr(
    [...reports].map(([title, { promise }]) => ({
      title,
      task: async (_context, wrapper) => {
        const { status, lines } = await promise;
        wrapper.title = [`${title}  ${COLOUR[status](status)}`, ...lines].join('\n');
        if (status === 'not-run') wrapper.skip();
        if (status === 'failed') throw new Error(lines.join('; '));
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
      '',
    ].join('\n'),
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
  const shown = tasks.map(({ done: _, ...task }) => task);
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
