import { expect, test } from 'vitest';
import { frameOf } from '../../../src/cli/terminal.ts';

const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

test('a frame begins in the upper left corner and clears what was there, line by line and below', () => {
  expect(frameOf('DOWN\n\nproblems\n', 24)).toBe(
    `${HOME}DOWN${CLEAR_LINE}\n${CLEAR_LINE}\nproblems${CLEAR_LINE}${CLEAR_BELOW}`,
  );
});

test.each([
  [3, ['a', 'b', 'c']],
  [2, ['a', '... 2 more lines']],
  [1, ['... 3 more lines']],
])('with %i rows', (rows, lines) => {
  expect(frameOf('a\nb\nc\n', rows)).toBe(
    `${HOME}${lines.map(line => `${line}${CLEAR_LINE}`).join('\n')}${CLEAR_BELOW}`,
  );
});
