// Reading YAML that somebody else wrote, a kubeconfig for example: how much work the parser may be given. A file of 1 MB in
// the forms below took half a minute.
import { describe, expect, test } from 'vitest';
import { describeYamlError } from '../../../src/lib/errors.ts';
import { parseKubeconfig } from '../../../src/lib/store/kubeconfig.ts';
import { parseYaml } from '../../../src/lib/store/yaml.ts';

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

/** What is read, or why nothing is. */
function outcome(text: string): unknown {
  try {
    return parseYaml(text, { merge: true });
  } catch (error) {
    return describeYamlError(error);
  }
}

describe('keys are compared with each other half a million times and no more', () => {
  const keys = (count: number, margin = ''): string => lines(count, index => `${margin}k${index}: v`);

  test.each<[string, number, (count: number) => string]>([
    ['keys of one mapping', 900, keys],
    ['members of a set', 900, count => `!!set\n${lines(count, index => `? k${index}`)}`],
    ['mappings of a hundred keys', 90, count => lines(count, () => `-\n${keys(100, '  ').trimEnd()}`)],
    ['merges of nothing', 900, count => lines(count, index => `k${index}: {<<: {}}`)],
  ])('%s: %i are read, twice as many are not', (_, count, text) => {
    expect(outcome(text(count))).toBeTypeOf('object');
    expect(outcome(text(2 * count))).toMatch(/^resource exhaustion at line \d+, column \d$/);
  });
});

describe('the more text, the fewer aliases', () => {
  const padded = (text: string, length: number): string => `${text}#${' '.repeat(length - text.length - 1)}`;

  test.each<[string, (index: number) => string]>([
    ['each of an anchor of its own', index => `- &a${index} {k: v}\n- *a${index}`],
    ['of one anchor', index => (index === 0 ? '- &a {k: v}' : '- *a')],
    ['merges of it', index => (index === 0 ? '- &a {k: v}' : '- {<<: *a}')],
  ])('%s: 80 in 10 kB are read, in 100 kB they are not', (_, line) => {
    const text = lines(80, line);
    expect(outcome(padded(text, 10_000))).toBeInstanceOf(Array);
    expect(outcome(padded(text, 100_000))).toBe('aliases that cannot be resolved');
  });
});

test('an ordered map of YAML 1.1, whose keys the library would compare on its own account, is a list', () => {
  expect(outcome('!!omap\n- a: 1\n- a: 2\n')).toEqual([{ a: 1 }, { a: 2 }]);
});

test('the same key twice is refused', () => {
  expect(outcome('a: 1\na: 2\n')).toBe('duplicate key at line 2, column 1');
});

test('a kubeconfig of 500 clusters, 1 MB with their certificates, is read, and so is what it merges', () => {
  const clusters = lines(500, index => `- {name: n${index}, cluster: {server: 'https://${index}'}}`);
  const common = `common: &common {certificate-authority-data: ${'x'.repeat(900_000)}}\n`;
  const text = `${common}clusters:\n${clusters}- {name: last, cluster: {<<: *common}}\n`;
  expect(parseKubeconfig(text)).toMatchObject({ clusters: { length: 501 } });
});
