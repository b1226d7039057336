// The man pages as mandoc, the strictest of their readers, takes and shows them.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../../oclif.manifest.json' with { type: 'json' };
import packageJson from '../../../package.json' with { type: 'json' };
import { renderManPages } from '../../../scripts/generate-man.ts';
import { currentCommands } from '../../../scripts/packaging/commands.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const NAMES = Object.keys(manifest.commands);
const PAGES = ['bcs-apiserver-proxy', ...NAMES.map(name => `bcs-apiserver-proxy-${name}`)];

let pages: ReadonlyMap<string, string>;

beforeAll(async () => {
  pages = renderManPages(await currentCommands(), '2001-02-03');
});

function textOf(page: string): string {
  const text = pages.get(`${page}.1`);
  if (text === undefined) throw new Error(`there is no page ${page}`);
  return text;
}

/** As on a terminal that is wide enough for every line; letters are not overstruck. */
function shown(page: string): string {
  const options = ['-T', 'ascii', '-O', 'width=400'];
  const text = execFileSync('mandoc', options, { input: textOf(page), encoding: 'utf8' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a letter that is struck over is bold
  return text.replaceAll(/.\x08/g, '');
}

/** The lines of a section, without indentation. */
function section(page: string, heading: string): string {
  const [, found = ''] = new RegExp(`^${heading}\\n(.*?)(?=^\\S)`, 'ms').exec(shown(page)) ?? [];
  return found.replaceAll(/^ +/gm, '').trim();
}

test('one page for the program and one for each command', () => {
  expect([...pages.keys()].toSorted()).toEqual(PAGES.map(page => `${page}.1`).toSorted());
});

describe.each(PAGES)('%s', page => {
  test('has nothing that mandoc would warn of', () => {
    const path = join(tempDir(), `${page}.1`);
    writeFileSync(path, textOf(page));
    const { stdout, stderr, status } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', path], {
      encoding: 'utf8',
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  });

  test('says which version of the program it describes, and the day', () => {
    const [last] = shown(page).trimEnd().split('\n').slice(-1);
    expect(last).toContain(`bcs-apiserver-proxy ${packageJson.version}`);
    expect(last).toContain('2001');
  });

  test('sends to all others', () => {
    const others = PAGES.filter(other => other !== page).map(other => `${other}(1)`);
    expect(section(page, 'SEE ALSO').split(/,\s+/).toSorted()).toEqual(others.toSorted());
  });

  // Groff shows a dash that is not escaped as a hyphen, and these as typographic quotes and accents.
  test('can be pasted from', () => {
    const lines = textOf(page).split('\n').slice(2);
    expect(lines.filter(line => /(?<!\\)-|["'`^~]/.test(line))).toEqual([]);
  });
});

interface Flag {
  readonly name: string;
  readonly env?: string;
  readonly summary: string;
  readonly allowNo?: boolean;
}

interface Described {
  readonly summary: string;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly examples: readonly (string | { readonly command: string })[];
}

describe.each(NAMES)('the page of %s', name => {
  const page = `bcs-apiserver-proxy-${name}`;
  const { summary, flags, examples } = (manifest.commands as Record<string, Described>)[name] as Described;

  test('name and synopsis', () => {
    expect(section(page, 'NAME')).toBe(`${page} - ${summary}`);
    expect(section(page, 'SYNOPSIS')).toMatch(
      new RegExp(`^bcs-apiserver-proxy ${name} .*\\[OPTION\\]\\.\\.\\.$`),
    );
  });

  test('every flag with its variable, word by word', () => {
    const options = section(page, 'OPTIONS');
    const lines = options.split('\n');
    for (const { name: flag, env, summary: meaning, allowNo } of Object.values(flags)) {
      expect(
        lines.filter(line => line.split(/[ ,]+/).includes(`--${flag}`) && line.startsWith('-')),
      ).toHaveLength(1);
      if (allowNo) expect(options).toContain(`--${flag}, --no-${flag}`);
      expect(options.replaceAll(/\s+/g, ' ').toLowerCase()).toContain(`${meaning.toLowerCase()}.`);
      if (env !== undefined) expect(lines).toContain(`Environment: ${env}`);
    }
  });

  test('every example, as it is typed', () => {
    const lines = section(page, 'EXAMPLES').split('\n');
    for (const example of examples) {
      const line = typeof example === 'string' ? example : example.command;
      expect(lines).toContain(line.replaceAll('<%= config.bin %>', 'bcs-apiserver-proxy'));
    }
  });
});

describe('exit codes, from the README', () => {
  const codes = (page: string): string[] =>
    section(page, 'EXIT STATUS')
      .split(/\n+/)
      .map(line => line.replace(/ +/, ' '));

  test('of status are its own', () => {
    expect(codes('bcs-apiserver-proxy-status').slice(0, 4)).toEqual([
      '0 Healthy.',
      '1 Degraded.',
      '2 Down.',
      '3 Cannot tell.',
    ]);
  });

  test('of sync are those of all, and one of its own', () => {
    expect(codes('bcs-apiserver-proxy-sync').slice(0, 3)).toEqual([
      '0 Done, or nothing to do.',
      '1 Failed, and the message says what had been changed by then.',
      '2 With --dry-run, there is something to do.',
    ]);
  });

  test('of init are those of all', () => {
    expect(codes('bcs-apiserver-proxy-init').map(line => line.split(' ')[0])).toEqual(['0', '1', '2', '64']);
  });
});

test('every file of the README is on the pages of commands that touch files, and on no others', () => {
  const [, table = ''] = readFileSync('README.md', 'utf8').split('\n## Files on a node\n');
  const paths = [...(table.split('\n## ')[0]?.matchAll(/^\| `(\/[^`]+)`/gm) ?? [])].map(([, path]) => path);
  expect(paths.length).toBeGreaterThan(5);
  for (const path of paths) {
    expect(section('bcs-apiserver-proxy', 'FILES')).toContain(path);
    expect(section('bcs-apiserver-proxy-clean', 'FILES')).toContain(path);
  }
  expect(section('bcs-apiserver-proxy-version', 'FILES')).toBe('');
});
