// Whoever reads a code in `status` finds its section in docs/troubleshooting.md, under that code and with that verdict.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONDITIONS } from '../../../src/lib/status/conditions.ts';
import { EXIT_CODE } from '../../../src/lib/status/verdict.ts';

const text = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');

test('docs/troubleshooting.md has one section for each condition, in the same order, and no other', () => {
  const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  expect(sections).toEqual(CONDITIONS.map(({ code }) => code));
});

test.each(CONDITIONS)('$code: the table tells its verdict and exit code', ({ code, severity }) => {
  const verdict = `${severity.toUpperCase()}, exit ${EXIT_CODE[severity]}`;
  expect(text).toContain(`| [${code}](#${code}) | ${verdict} |`);
});

test.each(CONDITIONS)('$code: the section says what one sees, what it means and what to type', ({ code }) => {
  const section = text.split(`\n## ${code}\n`)[1]?.split('\n## ')[0] ?? '';
  const labels = [...section.matchAll(/^\*\*(You see|It means|Type)\*\*/gm)].map(([, label]) => label);
  expect(labels).toEqual(['You see', 'It means', 'Type']);
});
