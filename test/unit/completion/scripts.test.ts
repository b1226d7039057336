// What the completion scripts propose, in the real shells.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import manifest from '../../../oclif.manifest.json' with { type: 'json' };
import { commandTable, type Flag } from '../../../src/lib/completion/command-table.ts';
import { completionScript, SHELLS, type Shell } from '../../../src/lib/completion/script.ts';
import { flagName, KEYS, readFlags } from '../../../src/lib/config/settings.ts';
import { messageOf } from '../../../src/lib/errors.ts';
import { CONDITIONS } from '../../../src/lib/status/conditions.ts';
import { proposals, typed } from '../../helpers/shells.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const BIN = 'bcs-apiserver-proxy';
const CODES = CONDITIONS.map(({ code }) => code);
const COMMANDS = commandTable(manifest, BIN, CODES);
const NAMES = COMMANDS.map(({ name }) => name);
const FLAGS = COMMANDS.flatMap(({ name, flags }) =>
  flags.map(flag => [`${name} --${flag.name}`, flag] as const),
);

function scriptOf(shell: Shell): string {
  return completionScript(shell, { bin: BIN, version: '1.2.3', commands: COMMANDS });
}

/** Line -> proposals, for lines behind the name of the program. */
function proposed(shell: Shell, lines: readonly string[], setup = ''): Record<string, string[]> {
  const answers = proposals(
    shell,
    scriptOf(shell),
    lines.map(line => `${BIN} ${line}`),
    { setup },
  );
  return Object.fromEntries(lines.map((line, index) => [line, answers[index] ?? []]));
}

describe('the table', () => {
  const words = FLAGS.flatMap(([line, { value }]) =>
    value?.kind === 'words' ? [[line, value.words] as const] : [],
  );

  test.each(words)('%s: its words need no quotes in any shell', (_, known) => {
    for (const word of known) expect(word).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  test.each(KEYS)('%s: its words are those that the configuration takes', key => {
    const name = flagName(key);
    const [, flag] = FLAGS.find(([line]) => line === `daemon --${name}`) ?? [];
    expect(flag?.value?.kind === 'words' ? flag.value.words : []).toEqual(expectedWords(name));
  });

  /** By what a value that is wrong is refused with; --listen takes one word and addresses. */
  function expectedWords(name: string): string[] {
    if (name === 'listen') return ['none'];
    try {
      readFlags({ [name]: '?' });
      return [];
    } catch (error) {
      return /one of (.*) is expected/.exec(messageOf(error))?.[1]?.split(' ') ?? [];
    }
  }

  test('files and directories', () => {
    const of = (kind: string): string[] => [
      ...new Set(FLAGS.flatMap(([, { name, value }]) => (value?.kind === kind ? name : []))),
    ];
    expect(of('directory')).toEqual(['persist-dir']);
    expect(of('file').toSorted()).toEqual([
      ...['binary', 'bundle', 'ca-file', 'client-certificate', 'client-key', 'config', 'kubeconfig'],
      'token-file',
    ]);
  });
});

describe.each(SHELLS)('%s', shell => {
  test('commands, and what is typed instead of one', () => {
    expect(
      proposed(shell, ['', 'st', 'x', '--', 'help ', 'help st', 'init init', 'completion ', 'completion f']),
    ).toEqual({
      '': [...NAMES, 'help'].toSorted(),
      st: ['status'],
      x: [],
      '--': ['--help', '--version'],
      'help ': NAMES.toSorted(),
      'help st': ['status'],
      'init init': [],
      'completion ': ['bash', 'fish', 'zsh'],
      'completion f': ['fish'],
    });
  });

  test('all flags of each command', () => {
    const forms = ({ name, allowNo }: Flag): string[] =>
      allowNo ? [`--${name}`, `--no-${name}`] : [`--${name}`];
    const expected = COMMANDS.map(({ name, flags }) => [
      `${name} --`,
      [...flags.flatMap(forms), '--help'].toSorted(),
    ]);
    expect(
      proposed(
        shell,
        NAMES.map(name => `${name} --`),
      ),
    ).toEqual(Object.fromEntries(expected));
  });

  test.each([' ', '='])('values of each flag, behind "%s"', between => {
    const isListed = ({ value }: Flag): boolean => value?.kind === 'words' || value?.kind === 'other';
    const expected = FLAGS.filter(([, flag]) => isListed(flag)).map(([line, { value }]) => [
      `${line}${between}`,
      value?.kind === 'words' ? value.words.toSorted() : [],
    ]);
    expect(
      proposed(
        shell,
        expected.map(([line]) => String(line)),
      ),
    ).toEqual(Object.fromEntries(expected));
  });

  test('values that were begun', () => {
    expect(
      proposed(shell, [
        'init --scheduler w',
        'init --vs 10.99.0.1:6443 --rs=10.0.0.11:6443 --scheduler=w',
        'status --explain real-server-d',
        'status --brief --explain=real-server-dr',
        'install-service --role daemon',
        'init --vs 10.99.0.1:',
        'init --vs=10.99.0.1:6',
        'init --vs [fd99::1]:',
        'daemon --listen n',
        'init --dry-run=',
      ]),
    ).toEqual({
      'init --scheduler w': ['wlc', 'wrr'],
      'init --vs 10.99.0.1:6443 --rs=10.0.0.11:6443 --scheduler=w': ['wlc', 'wrr'],
      'status --explain real-server-d': ['real-server-down', 'real-server-draining'],
      'status --brief --explain=real-server-dr': ['real-server-draining'],
      'install-service --role daemon': ['daemon', 'daemonset'],
      'init --vs 10.99.0.1:': [],
      'init --vs=10.99.0.1:6': [],
      'init --vs [fd99::1]:': [],
      'daemon --listen n': ['none'],
      'init --dry-run=': [],
    });
  });

  test('a flag that can be given once is not proposed again', () => {
    expect(
      proposed(shell, [
        'clean --dry-run --vs=10.99.0.1:6443 --',
        'clean --vs 10.99.0.1:6443 --purge --',
        'init --rs 10.0.0.11:6443 --r',
        'sync --vs 10.99.0.1:6443 --v',
      ]),
    ).toEqual({
      'clean --dry-run --vs=10.99.0.1:6443 --': ['--force', '--help', '--json', '--persist-dir', '--purge'],
      'clean --vs 10.99.0.1:6443 --purge --': ['--dry-run', '--force', '--help', '--json', '--persist-dir'],
      'init --rs 10.0.0.11:6443 --r': ['--route', '--rs'],
      'sync --vs 10.99.0.1:6443 --v': [],
    });
  });

  test('files and directories', () => {
    const directory = tempDir();
    mkdirSync(join(directory, 'configs'));
    writeFileSync(join(directory, 'config.yaml'), '');
    const lines = ['daemon -f ', 'daemon --kubeconfig=', 'sync --persist-dir '].map(
      line => `${line}${directory}/c`,
    );
    const found = Object.values(proposed(shell, lines)).map(words => words.map(word => basename(word)));
    const files = ['config.yaml', 'configs'];
    expect(found).toEqual(
      shell === 'bash'
        ? [['compopt default'], ['compopt default'], ['compopt dirnames']]
        : [files, files, ['configs']],
    );
  });

  /** Zsh puts an equals sign behind a flag that takes a value. */
  function valued(flag: string, value: string): string[] {
    return shell === 'zsh' ? [`${flag}=${value}`] : [flag, value];
  }

  test('on a terminal', async () => {
    const directory = tempDir();
    writeFileSync(join(directory, 'my config.yaml'), '');
    const lines = [
      `${BIN} sta\t--expl\treal-server-dow\t`,
      `${BIN} daemon --vs 10.99.0.1:6443 --disc\tnod\t--probe=liv\t--config=${directory}/my\t`,
      `${BIN} daemon -f ${directory}/my\t--listen=127.0.0.1:80\t`,
      `${directory}/${BIN} --vers\t`,
    ];
    expect(await typed(shell, scriptOf(shell), lines, directory)).toEqual([
      ['status', ...valued('--explain', 'real-server-down')],
      [
        'daemon',
        '--vs',
        '10.99.0.1:6443',
        ...valued('--discovery', 'nodes'),
        '--probe=livez',
        `--config=${directory}/my config.yaml`,
      ],
      ['daemon', '-f', `${directory}/my config.yaml`, '--listen=127.0.0.1:80'],
      ['--version'],
    ]);
  });
});

describe('bash', () => {
  test('where = and : end no words, what is replaced is the whole word', () => {
    const lines = [
      'init --scheduler=w',
      'init --scheduler w',
      'init --vs=10.99.0.1:6443 --rs=10.0.0.11:6443 --sc',
    ];
    const setup = "COMP_WORDBREAKS=$' \\t\\n\"\\'><;|&('";
    const answers = proposals(
      'bash',
      scriptOf('bash'),
      lines.map(line => `${BIN} ${line}`),
      { setup },
    );
    expect(answers).toEqual([
      ['--scheduler=wlc', '--scheduler=wrr'],
      ['wlc', 'wrr'],
      ['--scheduler', '--scheduler-flags'],
    ]);
  });

  test('what stands behind the cursor does not count', async () => {
    const left = '\x1b[D';
    const given = await typed(
      'bash',
      scriptOf('bash'),
      [`${BIN} staXY${left}${left}\t`, `${BIN} init --scheduler=lblXY${left}${left}\t`],
      tempDir(),
    );
    expect(given).toEqual([['statusXY'], ['init', '--scheduler=lblcXY']]);
  });

  test('passes the lint of the shell scripts', () => {
    const path = join(tempDir(), 'script');
    writeFileSync(path, scriptOf('bash'));
    expect(execFileSync('shellcheck', ['--shell=bash', path], { encoding: 'utf8' })).toBe('');
  });
});

test('zsh finds it in a directory of $fpath', () => {
  const directory = tempDir();
  writeFileSync(join(directory, `_${BIN}`), scriptOf('zsh'));
  const setup = `fpath=(${directory} $fpath)`;
  expect(proposals('zsh', 'exit 1', [`${BIN} st`, `${BIN} init --scheduler w`], { setup })).toEqual([
    ['status'],
    ['wlc', 'wrr'],
  ]);
});
