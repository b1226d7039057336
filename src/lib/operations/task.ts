// An operation (init, sync, clean) is a list of tasks, run in order. One that fails holds back only those that need it. A
// task says what it changed; nobody has to guess what is half done.
import { messageOf } from '../errors.ts';

export type TaskStatus = 'changed' | 'unchanged' | 'ok' | 'warning';

export interface TaskResult {
  readonly status: TaskStatus;
  /** What was changed (in a dry run: what would be) or found, each in the imperative: "load module ip_vs". */
  readonly lines: readonly string[];
  /** One sentence each. */
  readonly warnings?: readonly string[];
  /** Something was changed; told apart from the status, because a warning may come with a change. */
  readonly changed?: boolean;
}

export interface Task {
  /** Unique within an operation. */
  readonly title: string;
  /** Titles of tasks without which this one makes no sense: when one of them failed or was not run, it is not run. */
  readonly needs?: readonly string[];
  run(): TaskResult | Promise<TaskResult>;
}

export interface TaskReport {
  readonly title: string;
  readonly status: TaskStatus | 'failed' | 'not-run';
  readonly lines: readonly string[];
  readonly warnings?: readonly string[];
  readonly changed: boolean;
  /** Of a task that failed: what it had changed. The reasons stand behind it in `lines`. */
  readonly done?: readonly string[];
}

/** A task of which a part was done: what it changed, and each failure. */
export class HalfDoneError extends Error {
  override readonly name = 'HalfDoneError';
  readonly done: readonly string[];
  readonly failures: readonly unknown[];

  constructor(done: readonly string[], ...failures: unknown[]) {
    super(failures.map(messageOf).join('; '));
    this.done = done;
    this.failures = failures;
  }
}

export interface OperationReport {
  readonly tasks: readonly TaskReport[];
  readonly changed: boolean;
  /** In the order in which they came; empty = all went well. */
  readonly failures: readonly unknown[];
}

export function changes(lines: readonly string[], warnings: readonly string[] = []): TaskResult {
  const changed = lines.length > 0;
  const status = warnings.length > 0 ? 'warning' : changed ? 'changed' : 'unchanged';
  return { status, lines, ...(warnings.length > 0 && { warnings }), changed };
}

/** Does one thing after the other; `perform` returns the sentence for what it changed, if anything. */
export function inTurn<T>(items: readonly T[], perform: (item: T) => string | undefined): string[] {
  const done: string[] = [];
  for (const item of items) {
    try {
      const line = perform(item);
      if (line !== undefined) done.push(line);
    } catch (error) {
      throw new HalfDoneError(done, error);
    }
  }
  return done;
}

/** The same for work that takes its time. */
export async function inTurnAwaited<T>(
  items: readonly T[],
  perform: (item: T) => Promise<string | undefined>,
): Promise<string[]> {
  const done: string[] = [];
  for (const item of items) {
    try {
      const line = await perform(item);
      if (line !== undefined) done.push(line);
    } catch (error) {
      throw new HalfDoneError(done, error);
    }
  }
  return done;
}

/** `started` and `finished` are called for each task in turn, for a display to follow. */
export async function runTasks(
  tasks: readonly Task[],
  display: { started(task: Task): void; finished(report: TaskReport): void },
): Promise<OperationReport> {
  const reports: TaskReport[] = [];
  const failures: unknown[] = [];
  for (const task of tasks) {
    const lacks = reports.some(({ title, status }) => task.needs?.includes(title) && !isDone(status));
    if (!lacks) display.started(task);
    const report = lacks ? notRun(task) : await attempt(task, failures);
    reports.push(report);
    display.finished(report);
  }
  return { tasks: reports, changed: reports.some(({ changed }) => changed), failures };
}

export function isDone(status: TaskReport['status']): boolean {
  return status !== 'failed' && status !== 'not-run';
}

function notRun({ title }: Task): TaskReport {
  return { title, status: 'not-run', lines: [], changed: false };
}

async function attempt(task: Task, failures: unknown[]): Promise<TaskReport> {
  try {
    return { title: task.title, changed: false, ...(await task.run()) };
  } catch (error) {
    const { done, failures: own } = error instanceof HalfDoneError ? error : { done: [], failures: [error] };
    failures.push(...own);
    const lines = [...done, ...own.map(messageOf)];
    return { title: task.title, status: 'failed', lines, changed: done.length > 0, done };
  }
}
