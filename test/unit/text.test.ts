// Text of others cannot move the cursor, begin a line or turn the direction of reading.
import { expect, test } from 'vitest';
import { createLogger } from '../../src/lib/log.ts';
import { printable } from '../../src/lib/text.ts';

test.each([
  ['\u001b[2J\u001b]0;owned\u0007', '\\x1b[2J\\x1b]0;owned\\x07'],
  ['node\nHEALTHY', 'node\\x0aHEALTHY'],
  ['a\u202eb\u2028c\u2066d', 'a\\u202eb\\u2028c\\u2066d'],
  ['\u009b31m\u007f', '\\x9b31m\\x7f'],
  ['plain, with ümlaut and 中文', 'plain, with ümlaut and 中文'],
])('%j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('a line of the text log stays one line', () => {
  const lines: string[] = [];
  createLogger(line => lines.push(line), { format: 'text' }).warn('watching \u001b[31m\nx', {
    reason: 'a\nb',
  });
  expect(lines.join('')).toMatch(/^\S+ warn {2}watching \\x1b\[31m\\x0ax reason=a\\x0ab\n$/);
});

test.each(['json', 'text'] as const)('in the journal a line of the %s log has its priority', format => {
  const lines: string[] = [];
  const log = createLogger(line => lines.push(line), { format, journal: true });
  log.info('a');
  log.warn('b');
  log.error('c');
  expect(lines.map(line => line.slice(0, 3))).toEqual(['<6>', '<4>', '<3>']);
});
