// An operation (init, sync, clean) is a list of tasks, run in order until one fails. A task says what it changed;
// nobody has to guess what is half done.
import { messageOf } from '../errors.ts';

export type TaskStatus = 'changed' | 'unchanged' | 'ok' | 'warning';

export interface TaskResult {
  readonly status: TaskStatus;
  /** What was changed (in a dry run: what would be), found or warned of; one sentence each. */
  readonly lines: readonly string[];
  /** Something was changed; told apart from the status, because a warning may come with a change. */
  readonly changed?: boolean;
}

export interface Task {
  readonly title: string;
  run(): TaskResult | Promise<TaskResult>;
}

export interface TaskReport {
  readonly title: string;
  readonly status: TaskStatus | 'failed' | 'not-run';
  readonly lines: readonly string[];
  readonly changed: boolean;
}

/** A task that stopped half-way: what it had changed by then, and the reason as `cause`. */
export class HalfDoneError extends Error {
  override readonly name = 'HalfDoneError';
  readonly done: readonly string[];

  constructor(done: readonly string[], cause: unknown) {
    super(messageOf(cause), { cause });
    this.done = done;
  }
}

export interface OperationReport {
  readonly tasks: readonly TaskReport[];
  readonly changed: boolean;
  /** What stopped the operation; undefined = all tasks ran. */
  readonly failure: unknown;
}

export function changes(lines: readonly string[], warnings: readonly string[] = []): TaskResult {
  const changed = lines.length > 0;
  const status = warnings.length > 0 ? 'warning' : changed ? 'changed' : 'unchanged';
  return { status, lines: [...lines, ...warnings], changed };
}

/** Does one thing after the other; `perform` returns the sentence for what it changed, if anything. */
export function inTurn<T>(items: readonly T[], perform: (item: T) => string | undefined): string[] {
  const done: string[] = [];
  for (const item of items) {
    try {
      const line = perform(item);
      if (line !== undefined) done.push(line);
    } catch (error) {
      throw done.length === 0 ? error : new HalfDoneError(done, error);
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
      throw done.length === 0 ? error : new HalfDoneError(done, error);
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
  let failure: unknown;
  for (const task of tasks) {
    if (failure === undefined) display.started(task);
    const report: TaskReport =
      failure === undefined
        ? await attempt(task)
        : { title: task.title, status: 'not-run', lines: [], changed: false };
    reports.push(report);
    display.finished(report);
  }
  return { tasks: reports, changed: reports.some(({ changed }) => changed), failure };

  async function attempt(task: Task): Promise<TaskReport> {
    try {
      return { title: task.title, changed: false, ...(await task.run()) };
    } catch (error) {
      const done = error instanceof HalfDoneError ? error.done : [];
      failure = error instanceof HalfDoneError ? error.cause : error;
      return {
        title: task.title,
        status: 'failed',
        lines: [...done, messageOf(failure)],
        changed: done.length > 0,
      };
    }
  }
}
