// What a user types and gets: the shell around the commands, in the packed binary.
import { describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { runBinary } from './binary.ts';

const COMMANDS = ['clean', 'init', 'status', 'sync'];

describe('the command line of the packed binary', () => {
  test('--version names the program, the machine and the Node inside', () => {
    expect(runBinary(['--version'])).toEqual({
      status: 0,
      stdout: `bcs-apiserver-proxy/${packageJson.version} linux-${process.arch} node-${process.version}\n`,
      stderr: '',
    });
  });

  test('version names the commit that was built', () => {
    const { status, stdout, stderr } = runBinary(['version']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [line, commit] = stdout.split('\n');
    expect(`${line}\n`).toBe(runBinary(['-v']).stdout);
    expect(commit).toMatch(/^commit (?:[0-9a-f]{12,}(?:-dirty)?|unknown)$/);
  });

  test.each([[['--help']], [['-h']], [['help']], [[]]])('%j lists every command', args => {
    const { status, stdout, stderr } = runBinary(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  test.each(COMMANDS)('%s --help and help %s say the same', command => {
    const help = runBinary([command, '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain(`  bcs-apiserver-proxy ${command}`);
    expect(runBinary(['help', command])).toEqual(help);
  });

  test('status --explain prints the page of a code, which is inside', () => {
    const { stdout, status } = runBinary(['status', '--explain', 'real-server-down']);
    expect(stdout).toMatch(/^real-server-down\n\nYou see `DEGRADED /);
    expect(status).toBe(0);
  });

  test('an unknown flag is a usage error', () => {
    expect(runBinary(['sync', '--no-such-flag'])).toEqual({
      status: 64,
      stdout: '',
      stderr: 'Error: --no-such-flag: unknown flag; see bcs-apiserver-proxy sync --help\n',
    });
  });

  test('an unknown command is a usage error', () => {
    expect(runBinary(['no-such-command'])).toEqual({
      status: 64,
      stdout: '',
      stderr: 'Error: no-such-command: unknown command; see bcs-apiserver-proxy --help\n',
    });
  });

  test('an argument that no command takes is a usage error', () => {
    expect(runBinary(['status', 'surplus'])).toMatchObject({ status: 64, stdout: '' });
  });

  test('a missing required flag is a usage error', () => {
    expect(runBinary(['init'])).toMatchObject({ status: 64, stdout: '' });
  });
});
