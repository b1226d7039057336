// Whoever reads a code in `status` finds its section in docs/troubleshooting.md, under that code and with that verdict.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONDITIONS } from '../../../src/lib/status/conditions.ts';
import { explain } from '../../../src/lib/status/explain.ts';
import { EXIT_CODE } from '../../../src/lib/status/verdict.ts';
import { CONDITION_CASES } from '../../helpers/condition-cases.ts';
import { NOTHING_PERSISTED, soundFacts } from '../../helpers/facts.ts';

const text = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');

test('docs/troubleshooting.md has one section for each condition, in the same order, and no other code', () => {
  const sections = [...text.matchAll(/^#+ ([a-z0-9-]+)$/gm)].map(([, title]) => title);
  expect(sections).toEqual(CONDITIONS.map(({ code }) => code));
});

test.each(CONDITIONS)('$code: the table tells its verdict and exit code', ({ code, severity }) => {
  const verdict = severity === 'notice' ? 'healthy' : severity;
  expect(text).toContain(`| [${code}](#${code}) | ${verdict.toUpperCase()}, exit ${EXIT_CODE[verdict]} |`);
});

test.each(CONDITIONS)(
  '$code: the section says what one sees, what it means, how to look and what to type',
  ({ code }) => {
    const labels = [...sectionOf(code).matchAll(/^\*\*(You see|It means|Look|Type)\*\*/gm)].map(
      ([, label]) => label,
    );
    expect(labels).toEqual(['You see', 'It means', 'Look', 'Type']);
  },
);

test.each(CONDITION_CASES)('$code: the sentence of status is in the section', ({ code, text: sentence }) => {
  expect(sectionOf(code).replaceAll(/\s+/g, ' ')).toContain(sentence);
});

test.each(CONDITION_CASES)(
  '$code: what status says to type is in the section, whole',
  ({ code, wrong, remedy }) => {
    expect(sectionOf(code)).toContain(`\`${remedy}\``);
    const condition = CONDITIONS.find(other => other.code === code);
    const without = condition?.remedy(soundFacts({ ...wrong, persisted: NOTHING_PERSISTED }), {
      text: '',
      about: aboutOf(remedy),
    });
    const command = typeof without === 'object' ? without.look : without;
    expect(sectionOf(code)).toContain(`\`${command}\``);
  },
);

test.each(CONDITIONS)('$code: status --explain prints the section, to be read on a terminal', ({ code }) => {
  const text = explain(code);
  expect(text).toMatch(new RegExp(`^${code}\n\nYou see`));
  expect(text).not.toMatch(/\*\*|\]\(|^## /m);
  expect(text).toContain('\nType');
});

test('every link within the page leads to a heading', () => {
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title));
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.filter(link => link === undefined || !anchors.includes(link))).toEqual([]);
});

/** What the remedy of the case is about, as its condition would name it. */
function aboutOf(remedy: string): string {
  return (
    /https:\/\/([^/]+)|modprobe (\S+)|--forget (\S+)|-connect (\S+)/
      .exec(remedy)
      ?.slice(1)
      .find(part => part !== undefined) ?? ''
  );
}

function sectionOf(code: string): string {
  return text.split(`\n## ${code}\n`)[1]?.split('\n## ')[0] ?? '';
}

/** As GitHub makes it. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
