// Each page in Chinese against the English one: the same structure, the same code, and links to the same places.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codeBlocks } from '../../helpers/guide.ts';

const NAMES = readdirSync('docs')
  .filter(name => name.endsWith('.zh-CN.md'))
  .map(name => name.replace('.zh-CN.md', ''));

/** What a section of troubleshooting consists of. */
const LABELS: Record<string, string> = { 现象: 'You see', 含义: 'It means', 查看: 'Look', 输入: 'Type' };
const ANY_LABEL = Object.entries(LABELS).flat().join('|');
const PART = new RegExp(`^(?=#+ |\\*\\*(?:${ANY_LABEL})\\*\\*)`, 'm');

test('there are translations to check', () => {
  expect(NAMES).toEqual(['guide', 'migration', 'troubleshooting']);
});

describe.each(NAMES)('%s', name => {
  const english = `docs/${name}.md`;
  const chinese = `docs/${name}.zh-CN.md`;

  test('both languages have the same code blocks in the same order', () => {
    const blocks = codeBlocks(english);
    expect(blocks.length).toBeGreaterThan(0);
    expect(codeBlocks(chinese)).toEqual(blocks);
  });

  test('headings have the same levels, and those that are codes the same text', () => {
    expect(headings(chinese).map(shape)).toEqual(headings(english).map(shape));
  });

  test('each part has the same code within its sentences, and as many paragraphs, list items and rows of tables', () => {
    expect(parts(chinese).map(outline)).toEqual(parts(english).map(outline));
  });

  test('each part links to the same places, in Chinese where there is a Chinese page', () => {
    expect(destinations(chinese, english)).toEqual(destinations(english, chinese));
    const untranslated = links(readFileSync(chinese, 'utf8')).filter(
      target => target !== `${name}.md` && NAMES.some(other => target.startsWith(`${other}.md`)),
    );
    expect(untranslated).toEqual([]);
  });

  test('each language is linked to at the top of the other', () => {
    expect(links(introduction(english))).toContain(`${name}.zh-CN.md`);
    expect(links(introduction(chinese))).toContain(`${name}.md`);
  });
});

test('troubleshooting: both languages list the codes in the same order, with the same verdicts', () => {
  const listed = (path: string) =>
    readFileSync(path, 'utf8').match(/^\| \[[a-z-]+\]\(#[a-z-]+\) \| [^|]+ \|/gm);
  const expected = listed('docs/troubleshooting.md');
  expect(expected?.length).toBeGreaterThan(40);
  expect(listed('docs/troubleshooting.zh-CN.md')).toEqual(expected);
});

function withoutBlocks(path: string): string {
  return readFileSync(path, 'utf8').replaceAll(/^( *)```\w*\n.*?^\1```$/gms, '');
}

function headings(path: string): string[] {
  return withoutBlocks(path).match(/^#+ .+$/gm) ?? [];
}

function shape(heading: string): string {
  return /^#+ [a-z0-9-]+$/.test(heading) ? heading : (heading.match(/^#+/)?.[0] ?? '');
}

/** From one heading, or one label, to the next. */
function parts(path: string): string[] {
  return withoutBlocks(path).split(PART);
}

function outline(part: string): unknown {
  const [, label] = new RegExp(`^\\*\\*(${ANY_LABEL})\\*\\*`).exec(part) ?? [];
  const spans = [...part.matchAll(/`[^`]+`/g)].map(([span]) => span.replaceAll(/\s+/g, ' '));
  return {
    label: label === undefined ? undefined : (LABELS[label] ?? label),
    code: [...new Set(spans)].sort(),
    paragraphs: part.split(/\n{2,}/).filter(text => /^[^#|\s]/.test(text)).length,
    items: part.match(/^(?:- |\d+\. )/gm)?.length ?? 0,
    rows: part.match(/^\|/gm)?.length ?? 0,
  };
}

function introduction(path: string): string {
  return readFileSync(path, 'utf8').split('\n## ')[0] ?? '';
}

function links(text: string): string[] {
  return [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
}

/** Where the links of each part lead: headings of the same page by number, since they differ in language. */
function destinations(path: string, other: string): string[][] {
  const anchors = headings(path).map(anchorOf);
  return parts(path).map(part =>
    [...new Set(links(part).map(target => destination(target, anchors)))]
      .filter(target => target !== destination(other.replace('docs/', ''), anchors))
      .sort(),
  );
}

function destination(target: string, anchors: readonly string[]): string {
  if (target.startsWith('#')) {
    const number = anchors.indexOf(target.slice(1));
    if (number === -1) throw new Error(`there is no heading for ${target}`);
    return `#${number}`;
  }
  const [page = ''] = target.split('#');
  if (!target.startsWith('https:') && !existsSync(`docs/${page}`)) throw new Error(`there is no ${page}`);
  return target.replace('.zh-CN.md', '.md');
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
}
