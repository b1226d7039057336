// An operation (init, sync, clean) is a list of tasks, run in order until one fails. A task says what it changed;
// nobody has to guess what is half done.
import { messageOf } from '../errors.ts';

export type TaskStatus = 'changed' | 'unchanged' | 'ok' | 'warning';

export interface TaskResult {
  readonly status: TaskStatus;
  /** What was changed (in a dry run: what would be), found or warned of; one sentence each. */
  readonly lines: readonly string[];
}

export interface Task {
  readonly title: string;
  run(): TaskResult | Promise<TaskResult>;
}

export interface TaskReport {
  readonly title: string;
  readonly status: TaskStatus | 'failed' | 'not-run';
  readonly lines: readonly string[];
}

export interface OperationReport {
  readonly tasks: readonly TaskReport[];
  readonly changed: boolean;
  /** What stopped the operation; undefined = all tasks ran. */
  readonly failure: unknown;
}

export function changes(lines: readonly string[]): TaskResult {
  return { status: lines.length === 0 ? 'unchanged' : 'changed', lines };
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
      failure === undefined ? await attempt(task) : { title: task.title, status: 'not-run', lines: [] };
    reports.push(report);
    display.finished(report);
  }
  return { tasks: reports, changed: reports.some(({ status }) => status === 'changed'), failure };

  async function attempt(task: Task): Promise<TaskReport> {
    try {
      return { title: task.title, ...(await task.run()) };
    } catch (error) {
      failure = error;
      return { title: task.title, status: 'failed', lines: [messageOf(error)] };
    }
  }
}
