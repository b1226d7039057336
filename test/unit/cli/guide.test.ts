// The guides: both show the same, and what they tell one to type is something that the program takes.
import { readdirSync, readFileSync } from 'node:fs';
import { Parser } from '@oclif/core';
import { expect, test } from 'vitest';
import { commandLoaders } from '../../../src/cli/commands.ts';
import { codeBlocks, outputPattern, ownCommands, shownCommands } from '../../helpers/guide.ts';

const ENGLISH = 'docs/guide.md';
const CHINESE = 'docs/guide.zh-CN.md';

test('both languages have the same blocks in the same order, and headings of the same levels', () => {
  expect(codeBlocks(CHINESE)).toEqual(codeBlocks(ENGLISH));
  const levels = (path: string) => readFileSync(path, 'utf8').match(/^#+ /gm);
  expect(levels(CHINESE)).toEqual(levels(ENGLISH));
});

const COMMANDS = [ENGLISH, 'docs/migration.md'].flatMap(path =>
  ownCommands(path).map(argv => [argv.join(' '), argv] as const),
);

test('there are commands to check', () => {
  expect(COMMANDS.length).toBeGreaterThan(10);
});

test.each(COMMANDS)('%s', async (_, [name = '', ...argv]) => {
  const load = commandLoaders[name];
  expect(load, `there is no command ${name}`).toBeDefined();
  const command = (await load?.())?.default;
  const flags = { ...command?.baseFlags, ...command?.flags };
  await expect(Parser.parse(argv, { flags, args: {}, strict: true })).resolves.toBeDefined();
});

test('what it shows of status is one of the whole outputs that status is tested with', () => {
  const directory = 'test/golden/status';
  const whole = readdirSync(directory).map(name => readFileSync(`${directory}/${name}`, 'utf8'));
  const shown = shownCommands(ENGLISH).filter(({ argv: [name] }) => name === 'status');
  expect(shown).toHaveLength(2);
  for (const { output } of shown) {
    const pattern = outputPattern(output);
    expect(
      whole.some(text => pattern.test(text)),
      output.join('\n'),
    ).toBe(true);
  }
});

test.each([ENGLISH, CHINESE, 'docs/migration.md'])('%s: what it links to is there', path => {
  const text = readFileSync(path, 'utf8');
  const targets = [...text.matchAll(/\]\(([\w.-]+\.md)(?:#[\w-]+)?\)/g)].map(
    ([, target]) => `docs/${target}`,
  );
  expect(targets.length).toBeGreaterThan(0);
  for (const target of targets) expect(() => readFileSync(target), target).not.toThrow();
});
