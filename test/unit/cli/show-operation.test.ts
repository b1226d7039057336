// What an operation says is shown as it is, but for control characters: a parameter's name may stand in a file of a pod's.
import { afterEach, expect, test, vi } from 'vitest';
import { showOperation } from '../../../src/cli/show-operation.ts';
import { ProxyError } from '../../../src/lib/errors.ts';

const NASTY = 'x\u001b[2J\nHEALTHY';
const SHOWN = 'x\\x1b[2J\\x0aHEALTHY';

afterEach(() => {
  process.exitCode = undefined;
});

test('lines, warnings, errors and what to try', async () => {
  let written = '';
  const write = (text: unknown): boolean => {
    written += String(text);
    return true;
  };
  const spies = [process.stdout, process.stderr].map(stream =>
    vi.spyOn(stream, 'write').mockImplementation(write),
  );
  const tasks = [
    { title: 'one', run: () => ({ status: 'warning' as const, lines: [NASTY], warnings: [NASTY] }) },
    {
      title: 'two',
      run: () => {
        throw new ProxyError('no', NASTY, { suggestions: [NASTY] });
      },
    },
  ];
  await showOperation(tasks, { json: false, subject: 'virtual server', dryRun: false });
  for (const spy of spies) spy.mockRestore();
  expect(written.split('\n')).toEqual([
    `warning    one: ${SHOWN}; ${SHOWN}`,
    `failed     two: ${SHOWN}`,
    `Error: ${SHOWN}`,
    'Changed: nothing.',
    `Try this: ${SHOWN}`,
    '',
  ]);
});
