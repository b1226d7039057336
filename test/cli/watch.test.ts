// status --watch: in place on a terminal (a real pseudo-terminal, from script(1)), lines on a pipe.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROGRAM, runProgram } from '../helpers/run-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const WATCH = ['status', '--watch', '--no-probe', '--interval', '500ms'];
const HOME = '\x1b[H';
const BEGIN = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const END = '\x1b[?7h\x1b[?25h\x1b[?1049l';

interface Running {
  readonly child: ChildProcess;
  /** Everything written so far. */
  output(): string;
  /** Resolves when it holds for the output; the time limit of the test bounds it. */
  until(holds: (output: string) => boolean): Promise<void>;
  /** The exit code. */
  ended(): Promise<number | null>;
}

function start(argv: readonly string[], persistDir: string): Running {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, {
    env: {
      PATH: process.env.PATH,
      TERM: 'xterm',
      NO_COLOR: '1',
      BCS_APISERVER_PROXY_PERSIST_DIR: persistDir,
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => (output += text));
  const exit = once(child, 'close');
  return {
    child,
    output: () => output,
    until: async holds => {
      while (!holds(output)) await once(child.stdout, 'data');
    },
    ended: async () => (await exit)[0],
  };
}

/** A persisted set that cannot be used: one more problem. */
function tear(directory: string): void {
  writeFileSync(join(directory, 'ipvsConfig.yaml'), 'vs: 10.99');
}

const framesOf = (output: string): string[] => output.split(HOME).slice(1);

describe.skipIf(spawnSync('script', ['--version']).error !== undefined)('on a terminal', () => {
  const onTerminal = (directory: string, rows: number): Running => {
    const command = `tty > ${directory}/tty; stty rows ${rows} cols 80; exec ${[...PROGRAM, ...WATCH].join(' ')}`;
    return start(['script', '-qefc', command, '/dev/null'], directory);
  };

  test('a changed text is drawn over the old one; Ctrl-C brings the screen back, with the last text and its exit code', async () => {
    const directory = tempDir();
    const watching = onTerminal(directory, 50);
    await watching.until(output => framesOf(output).length === 1);
    tear(directory);
    await watching.until(output => framesOf(output).length === 2);
    watching.child.stdin?.write('\x03');
    const plain = runProgram(['status', '--no-probe'], { persistDir: directory });
    expect(await watching.ended()).toBe(plain.exitCode);
    const output = watching.output().replaceAll('\r\n', '\n').replace('^C', '');
    expect(output.startsWith(BEGIN)).toBe(true);
    expect(framesOf(output)[0]).not.toContain('cannot be used');
    expect(framesOf(output)[1]).toContain('cannot be used');
    expect(output.split(END)).toEqual([expect.anything(), plain.stdout]);
  });

  test('a terminal that becomes smaller gets a frame that fits', async () => {
    const directory = tempDir();
    const watching = onTerminal(directory, 50);
    await watching.until(output => framesOf(output).length === 1);
    const tty = readFileSync(join(directory, 'tty'), 'utf8').trim();
    expect(spawnSync('stty', ['-F', tty, 'rows', '6']).status).toBe(0);
    await watching.until(output => framesOf(output).length === 2);
    watching.child.stdin?.write('\x03');
    await watching.ended();
    const frame = framesOf(watching.output())[1]?.split(END)[0]?.split('\r\n') ?? [];
    expect(frame).toHaveLength(6);
    expect(frame[5]).toMatch(/^\.\.\. \d+ more lines/);
  });
});

describe('on a pipe', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'a line with its time when something changed; %s ends it',
    async signal => {
      const directory = tempDir();
      const watching = start([...PROGRAM, ...WATCH], directory);
      await watching.until(output => output.includes('\n'));
      tear(directory);
      await watching.until(output => output.split('\n').length === 3);
      watching.child.kill(signal);
      const plain = runProgram(['status', '--no-probe', '--brief'], { persistDir: directory });
      expect(await watching.ended()).toBe(plain.exitCode);
      const lines = watching.output().trimEnd().split('\n');
      expect(lines).toHaveLength(2);
      for (const line of lines)
        expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|unknown) in [a-z-]+: /);
      expect(lines[1]?.slice(25)).toBe(plain.stdout.trimEnd());
    },
  );

  test('nobody reads any more: it ends without a word', async () => {
    const directory = tempDir();
    const watching = start([...PROGRAM, ...WATCH], directory);
    await watching.until(output => output.includes('\n'));
    watching.child.stdout?.destroy();
    tear(directory);
    await watching.ended();
    expect(watching.output().trimEnd().split('\n')).toHaveLength(1);
  });
});

test.each([
  [['--watch', '--json'], '--watch: not together with --json; give one of them'],
  [['--brief', '--wide'], '--brief: not together with --wide; give one of them'],
  [['--watch', '--interval', '5'], '--interval 5: the unit is missing; write 5s or 5ms'],
  [
    ['--watch', '--interval', '1ms'],
    '--interval 1ms: a duration from 500ms to 1h is expected: each look asks every master',
  ],
])('%j is refused', (args, sentence) => {
  const { exitCode, stdout, stderr } = runProgram(['status', ...args]);
  expect(exitCode).toBe(64);
  expect(`${stdout}${stderr}`).toContain(sentence);
});
