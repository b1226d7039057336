// Invocations of the original program, run: standard output and exit code are those of the new command, and what
// standard error has more is notes. The last note is the command line to type.
import { expect, test } from 'vitest';
import { type Outcome, type RunOptions, runProgram } from '../helpers/run-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** The program with the name that its caller gives it. */
function named(name: string, args: readonly string[], options: RunOptions = {}): Outcome {
  return runProgram(args, { ...options, under: ['bash', '--norc', '-c', 'exec -a "$0" "$@"', name] });
}

function notesOf({ stderr }: Outcome): string[] {
  return stderr.split('\n').flatMap(line => (line.startsWith('Note: ') ? [line.slice(6)] : []));
}

function withoutNotes({ stderr, ...rest }: Outcome): Outcome {
  return { ...rest, stderr: stderr.replaceAll(/^Note: .*\n/gm, '') };
}

const MASTER = ['-rs', '10.0.0.11:6443'];

// Each is refused before anything is changed.
test.each<[string, string[], number, string]>([
  [
    'init with a host name',
    ['-cmd', 'init', '-vs', '10.99.0.1:6443', '-rs', 'master0:6443', '-scheduler', 'sh'],
    64,
    'init --vs 10.99.0.1:6443 --rs master0:6443 --scheduler sh',
  ],
  [
    'init with its old default',
    ['-cmd', 'init', '-vs', '127.0.0.1:6443', ...MASTER],
    64,
    'init --vs 127.0.0.1:6443 --rs 10.0.0.11:6443',
  ],
  ['reload without a persisted set', ['-cmd', 'reload'], 1, 'sync --from persisted --address-timeout 1m'],
  [
    'add of another family',
    ['-cmd', 'add', '-vs', '[fd99::1]:6443', ...MASTER],
    64,
    "sync --add --vs '[fd99::1]:6443' --rs 10.0.0.11:6443",
  ],
  ['add without a master', ['-cmd', 'add', '-vs', '10.99.0.1:6443'], 64, 'sync --add --vs 10.99.0.1:6443'],
  ['delete of nothing sensible', ['-cmd', 'delete', '-vs', 'vip'], 64, 'clean --force --vs vip'],
])('%s', (_, args, exitCode, line) => {
  const persistDir = tempDir();
  const old = named('/root/bcs-apiserver-proxy-tools', args, { persistDir });
  expect(notesOf(old)).toEqual([`this is the old form of: bcs-apiserver-proxy ${line}`]);
  expect(old.exitCode).toBe(exitCode);
  expect(withoutNotes(old)).toEqual(runProgram(line.replaceAll("'", '').split(' '), { persistDir }));
});

test('the guide says --help: it is ours, with a note', () => {
  const help = named('bcs-apiserver-proxy-tools', ['--help']);
  expect(notesOf(help)).toHaveLength(1);
  expect(withoutNotes(help)).toEqual(runProgram(['--help']));
});

test('--version under the old name', () => {
  expect(named('bcs-apiserver-proxy-tools', ['--version'])).toEqual(runProgram(['--version']));
});

test('what cannot be translated is wrong usage, in one sentence', () => {
  expect(named('bcs-apiserver-proxy-tools', [])).toEqual({
    exitCode: 64,
    stdout: '',
    stderr: 'Error: -cmd: one of init, reload, add and delete is expected\n',
  });
});

test('the daemon of the original: -f without a command', () => {
  const args = ['-f', '/nonexistent/proxy.json', '--v', '3'];
  expect(runProgram(args)).toEqual({
    exitCode: 64,
    stdout: '',
    stderr:
      'Note: key v is ignored: logs go to standard output, and there is no PID file\n' +
      'Note: this is the old form of: bcs-apiserver-proxy daemon --config /nonexistent/proxy.json\n' +
      'Error: --config /nonexistent/proxy.json: there is no such file\n',
  });
});

test("the container of the original: what the template's variables say is checked like flags", () => {
  const env = { BCS_CONFIG_TYPE: 'render', virtualAddress: '10.99.0.1:6443', lvsScheduler: 'best' };
  const outcome = named('/data/bcs/bcs-apiserver-proxy/container-start.sh', ['-f', 'x.json'], { env });
  expect(notesOf(outcome)).toEqual([
    'this is the old form of: bcs-apiserver-proxy daemon --vs 10.99.0.1:6443 --scheduler best',
  ]);
  expect(withoutNotes(outcome)).toEqual(
    runProgram(['daemon', '--vs', '10.99.0.1:6443', '--scheduler', 'best']),
  );
});
