// What becomes of a persisted set that is missing, torn, foreign or no file: sync restores nothing wrong, clean removes
// nothing by guess, and the previous copy steps in.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatPersisted } from '../../src/lib/store/persisted-set.ts';
import { hostFiles, jsonOf, type Outcome, runProgram } from '../helpers/run-program.ts';
import { aSpec } from '../helpers/specs.ts';
import { contentsOf, tempDir } from '../helpers/temp-dir.ts';

const WHOLE = formatPersisted(aSpec());
const WRITE_ANEW = 'write it anew: bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT';
const NAME_IT = 'name the virtual server: bcs-apiserver-proxy clean --vs VIP:PORT';
const FILE = 'DIR/ipvsConfig.yaml';

type Prepare = (path: string) => void;
const text =
  (contents: string): Prepare =>
  path =>
    writeFileSync(path, contents);

/** Runs it on a persist directory that `prepare` has made, and shows the directory as DIR. */
function on(prepare: Prepare, args: readonly string[]): Outcome {
  const persistDir = tempDir();
  prepare(join(persistDir, 'ipvsConfig.yaml'));
  const [files, host] = [contentsOf(persistDir), hostFiles()];
  const { exitCode, stdout, stderr } = runProgram(args, { persistDir });
  expect(contentsOf(persistDir)).toEqual(files);
  expect(hostFiles()).toEqual(host);
  return {
    exitCode,
    stdout: stdout.replaceAll(persistDir, 'DIR'),
    stderr: stderr.replaceAll(persistDir, 'DIR'),
  };
}

const UNUSABLE: readonly [string, Prepare, string, string][] = [
  ['empty', text(''), `${FILE} cannot be used: it is empty`, WRITE_ANEW],
  [
    'truncated',
    text(WHOLE.slice(0, -4)),
    `${FILE} cannot be used: it was cut off: no newline ends its last line`,
    WRITE_ANEW,
  ],
  [
    'truncated at the end of a line',
    text('rs:\n  - 10.0.0.11:6443\n'),
    `${FILE} cannot be used: key vs is missing: VIP:PORT is expected`,
    WRITE_ANEW,
  ],
  [
    'foreign',
    text('apiVersion: v1\nkind: Config\n'),
    `${FILE} cannot be used: key vs is missing: VIP:PORT is expected`,
    WRITE_ANEW,
  ],
  [
    'no YAML',
    text('<html>: [\n'),
    `${FILE} cannot be used: it is not YAML (bad indent at line 2, column 1)`,
    WRITE_ANEW,
  ],
  [
    'with tags that nobody knows',
    text('vs: !Ref vip\n'),
    `${FILE} cannot be used: key vs vip: "vip" is not an IP address (host names are not resolved); write VIP:PORT, for example 10.99.0.1:6443`,
    WRITE_ANEW,
  ],
  [
    'a directory',
    path => mkdirSync(path),
    `${FILE} is a directory`,
    `move it away: mv ${FILE} ${FILE}.broken`,
  ],
];

describe('sync --from persisted', () => {
  test.each(UNUSABLE)('a file that is %s: nothing is restored', (_, prepare, problem, remedy) => {
    expect(on(prepare, ['sync', '--from', 'persisted'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: ${problem}\nTry this: ${remedy}\n`,
    });
  });

  test('no file: there is nothing to restore', () => {
    expect(on(() => {}, ['sync'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: ${FILE} does not exist, so there is nothing to restore\nTry this: bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT\n`,
    });
  });

  test('no directory: there is nothing to restore', () => {
    const { exitCode, stderr } = runProgram(['sync'], { persistDir: '/nonexistent/bcs' });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Error: /nonexistent/bcs/ipvsConfig.yaml does not exist'),
    });
    expect(existsSync('/nonexistent')).toBe(false);
  });

  test('as JSON', () => {
    const outcome = on(text(''), ['sync', '--json']);
    expect(jsonOf(outcome)).toEqual({
      error: {
        code: 'persisted-unusable',
        message: `${FILE} cannot be used: it is empty`,
        suggestions: [WRITE_ANEW],
      },
    });
    expect(outcome).toMatchObject({ exitCode: 1, stderr: '' });
  });
});

describe('clean', () => {
  test.each(UNUSABLE)('a file that is %s: nothing is removed by guess', (_, prepare, problem) => {
    expect(on(prepare, ['clean'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: ${problem}, so it is unknown what to remove\nTry this: ${NAME_IT}\n`,
    });
  });

  test('no file: nothing is removed by guess', () => {
    expect(on(() => {}, ['clean'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: ${FILE} does not exist, so it is unknown what to remove\nTry this: ${NAME_IT}\n`,
    });
  });

  test('as JSON', () => {
    const outcome = on(text(''), ['clean', '--json']);
    expect(jsonOf(outcome)).toEqual({
      error: {
        code: 'persisted-unusable',
        message: `${FILE} cannot be used: it is empty, so it is unknown what to remove`,
        suggestions: [NAME_IT],
      },
    });
    expect(outcome).toMatchObject({ exitCode: 1, stderr: '' });
  });
});

describe.skipIf(process.getuid?.() !== 0)('the previous copy steps in, and one line says so', () => {
  const torn: Prepare = path => {
    writeFileSync(path, '');
    writeFileSync(`${path}.prev`, WHOLE);
  };
  const warning = `Warning: ${FILE} cannot be used: it is empty; using ${FILE}.prev\n`;

  test('sync', () => {
    const { stdout, stderr } = on(torn, ['sync', '--dry-run']);
    expect(stderr).toBe(warning);
    expect(stdout).toContain('virtual server 10.99.0.1:6443\n');
  });

  test('clean', () => {
    const { stdout, stderr } = on(torn, ['clean', '--dry-run']);
    expect(stderr).toBe(warning);
    expect(stdout).toContain('virtual server 10.99.0.1:6443\n');
  });
});

test.each([
  [['sync', '--dry-run']],
  [['clean', '--dry-run']],
  [['status', '--no-probe']],
  [['daemon', '--check', '--vs', '10.99.0.1:6443']],
])('%j shows what stands in a file without moving the cursor or beginning a line', args => {
  const prepare: Prepare = path => {
    writeFileSync(path, WHOLE.replace('scheduler: sh', 'scheduler: "x\\e[2J\\nHEALTHY"'));
    writeFileSync(`${path}.prev`, WHOLE);
  };
  const { stdout, stderr } = on(prepare, args);
  expect(`${stdout}${stderr}`).toContain('x\\x1b[2J\\x0aHEALTHY');
  expect(`${stdout}${stderr}`).toMatch(/^[ -~\n]*$/);
});

describe('status', () => {
  test.each(UNUSABLE)('a file that is %s is a problem among the others', (_, prepare, problem) => {
    const outcome = on(prepare, ['status', '--json']);
    expect(jsonOf(outcome)).toMatchObject({
      persisted: { path: FILE, usable: false, ageSeconds: null, problem },
    });
    expect(outcome.stderr).toBe('');
  });
});
