// The README in both languages: the same structure, examples, pictures and figures, and links that lead somewhere.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codeBlocks } from '../../helpers/guide.ts';

const ENGLISH = 'README.md';
const CHINESE = 'README.zh-CN.md';

/** Without code blocks, where # begins a comment. */
const prose = (path: string) => readFileSync(path, 'utf8').replaceAll(/^```\w*\n.*?^```$/gms, '');
const headings = (path: string) => prose(path).match(/^#+(?= )/gm);
const pictures = (path: string) => [...prose(path).matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, to]) => to);
const links = (path: string) =>
  [...prose(path).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
const inside = (path: string) => links(path).filter(target => !/^\w+:/.test(target));
const outside = (path: string) => links(path).filter(target => /^\w+:/.test(target));
const sections = (path: string) => prose(path).split(/^#+ /m);
/** Numbers as they are written, and what stands in backquotes; not the numbers inside names, as in K71. */
const facts = (text: string): string[] => text.match(/`[^`]+`|(?<![\w.:])\d[\d.,:]*(?<![.,:])/g) ?? [];

test('both have the same code blocks in the same order', () => {
  expect(codeBlocks(CHINESE)).toEqual(codeBlocks(ENGLISH));
});

test('both have headings of the same levels, the same pictures and the same links to other sites', () => {
  expect(headings(CHINESE)).toEqual(headings(ENGLISH));
  expect(pictures(ENGLISH)).toHaveLength(2);
  expect(pictures(CHINESE)).toEqual(pictures(ENGLISH));
  expect(outside(CHINESE)).toEqual(outside(ENGLISH));
});

test('both have the same tables: as many cells in each row, with the same figures and code', () => {
  const rows = (path: string) =>
    prose(path)
      .match(/^\|.*\|$/gm)
      ?.map(row => row.split('|').map(facts));
  expect(rows(CHINESE)).toEqual(rows(ENGLISH));
});

test('what a section says in figures or code in English, it says in Chinese', () => {
  const chinese = sections(CHINESE);
  const missing = sections(ENGLISH).flatMap((section, index) => {
    const said = facts(chinese[index] ?? '');
    return facts(section).filter(fact => !said.includes(fact));
  });
  expect(missing).toEqual([]);
});

describe.each([ENGLISH, CHINESE])('%s', path => {
  test('what it links to is there', () => {
    expect(inside(path).length).toBeGreaterThan(10);
    expect(inside(path).filter(target => !existsSync(target))).toEqual([]);
  });
});

test('the Chinese README leads to Chinese pages where there are any, and says which pages are English', () => {
  const translated = inside(ENGLISH).map(target => target.replace(/\.md$/, '.zh-CN.md'));
  const unused = translated.filter(target => target !== CHINESE && target.endsWith('.zh-CN.md'));
  expect(unused.filter(target => existsSync(target) && !inside(CHINESE).includes(target))).toEqual([]);
  const pages = prose(CHINESE).matchAll(
    /(?<!!)\[([^\]]+)\]\(((?:docs\/|CONTRIBUTING)[^)]*)\)(?=([^。：]*))/g,
  );
  const unmarked = [...pages].filter(
    ([, label, target = '', rest = '']) =>
      !target.endsWith('.zh-CN.md') && label !== 'English' && !rest.includes('英文'),
  );
  expect(unmarked.map(([, , target]) => target)).toEqual([]);
});
