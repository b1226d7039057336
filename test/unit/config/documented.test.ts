// docs/configuration.md against what is read.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/lib/config/document.ts';
import { KEYS } from '../../../src/lib/config/settings.ts';

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

test('every key is in the table, and nothing else', () => {
  const table = page.slice(page.indexOf('## Keys'), page.indexOf('```yaml'));
  const named = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) => cell.match(/\w+/g) ?? []);
  expect(named.sort()).toEqual(KEYS.toSorted());
});

test('the example can be read', () => {
  const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';
  expect(Object.keys(parseConfig(example).settings)).toEqual(['vs', 'scheduler', 'probeInterval', 'listen']);
});
