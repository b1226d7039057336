import { describe, expect, test } from 'vitest';
import {
  changes,
  HalfDoneError,
  inTurn,
  runTasks,
  type Task,
  type TaskReport,
} from '../../../src/lib/operations/task.ts';

const CAUSE = new Error('the disk is full');

const doing = (title: string, ...lines: string[]): Task => ({ title, run: () => changes(lines) });
const failing = (title: string, error: unknown = CAUSE): Task => ({
  title,
  run() {
    throw error;
  },
});

async function run(...tasks: Task[]) {
  const events: string[] = [];
  const report = await runTasks(tasks, {
    started: ({ title }) => void events.push(`${title}...`),
    finished: ({ title, status }: TaskReport) => void events.push(`${title}: ${status}`),
  });
  return { ...report, events };
}

describe('tasks run in order, and one that fails holds back what needs it', () => {
  test('all go well', async () => {
    const { events, failures, changed } = await run(doing('one'), doing('two', 'write a'));
    expect(events).toEqual(['one...', 'one: unchanged', 'two...', 'two: changed']);
    expect({ failures, changed }).toEqual({ failures: [], changed: true });
  });

  test('what needs it, and what needs that, does not run and is reported as such; the rest does', async () => {
    const needing = (title: string, need: string): Task => ({
      ...doing(title, `write ${title}`),
      needs: [need],
    });
    const { events, tasks, failures } = await run(
      doing('one', 'write a'),
      failing('two'),
      needing('three', 'two'),
      needing('four', 'three'),
      needing('five', 'one'),
      failing('six', 'the network is down'),
    );
    expect(events).toEqual([
      ...['one...', 'one: changed', 'two...', 'two: failed', 'three: not-run', 'four: not-run'],
      ...['five...', 'five: changed', 'six...', 'six: failed'],
    ]);
    expect(tasks[1]).toMatchObject({ status: 'failed', lines: ['the disk is full'], changed: false });
    expect(failures).toEqual([CAUSE, 'the network is down']);
  });

  test('a task may take its time', async () => {
    const slow: Task = { title: 'slow', run: async () => changes(await Promise.resolve(['write a'])) };
    expect((await run(slow)).tasks).toEqual([
      { title: 'slow', status: 'changed', lines: ['write a'], changed: true },
    ]);
  });

  test('a promise that is rejected is a failure', async () => {
    const { failures } = await run({ title: 'slow', run: () => Promise.reject(CAUSE) });
    expect(failures).toEqual([CAUSE]);
  });

  test('no tasks: nothing changed', async () => {
    expect(await run()).toEqual({ tasks: [], changed: false, failures: [], events: [] });
  });
});

describe('what was changed is known, whatever else happened', () => {
  test.each<[string, Task, Partial<TaskReport>]>([
    ['nothing to do', doing('t'), { status: 'unchanged', lines: [], changed: false }],
    ['a change', doing('t', 'write a'), { status: 'changed', lines: ['write a'], changed: true }],
    [
      'a change with a warning',
      { title: 't', run: () => changes(['write a'], ['b is odd']) },
      { status: 'warning', lines: ['write a'], warnings: ['b is odd'], changed: true },
    ],
    [
      'a warning alone',
      { title: 't', run: () => changes([], ['b is odd']) },
      { status: 'warning', lines: [], warnings: ['b is odd'], changed: false },
    ],
    [
      'a failure half-way',
      failing('t', new HalfDoneError(['write a'], CAUSE)),
      { status: 'failed', lines: ['write a', 'the disk is full'], changed: true, done: ['write a'] },
    ],
    [
      'a failure before anything',
      failing('t'),
      { status: 'failed', lines: ['the disk is full'], changed: false, done: [] },
    ],
  ])('%s', async (_, task, report) => {
    const { tasks, changed } = await run(task);
    expect(tasks).toEqual([{ title: 't', ...report }]);
    expect(changed).toBe(report.changed);
  });

  test('every reason of what failed in one task is told', async () => {
    const { tasks, failures } = await run(failing('t', new HalfDoneError(['write a'], CAUSE, 'EINVAL')));
    expect(failures).toEqual([CAUSE, 'EINVAL']);
    expect(tasks[0]?.lines).toEqual(['write a', 'the disk is full', 'EINVAL']);
  });
});

describe('one thing after the other', () => {
  const unless = (bad: string) => (item: string) => {
    if (item === bad) throw CAUSE;
    return item === 'same' ? undefined : `write ${item}`;
  };

  test('gives the sentences of what was changed', () => {
    expect(inTurn(['a', 'same', 'b'], unless('c'))).toEqual(['write a', 'write b']);
  });

  test('a failure at the first carries that nothing was done', () => {
    expect(() => inTurn(['same', 'c'], unless('c'))).toThrow(
      expect.objectContaining({ done: [], failures: [CAUSE] }),
    );
  });

  test('a failure later carries what was done', () => {
    expect(() => inTurn(['a', 'c', 'b'], unless('c'))).toThrow(
      expect.objectContaining({
        name: 'HalfDoneError',
        done: ['write a'],
        failures: [CAUSE],
        message: 'the disk is full',
      }),
    );
  });
});
