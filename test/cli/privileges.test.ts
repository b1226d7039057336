// Without root: what can be told, what is refused, and that nothing came of it.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hostFiles, jsonOf, type Outcome, runProgram } from '../helpers/run-program.ts';
import { contentsOf, tempDir } from '../helpers/temp-dir.ts';

const INIT = ['init', '--vs', '10.99.0.1:6443', '--rs', '10.0.0.11:6443'];

/** Nobody, who may read everything (a clone below /root, a private temporary directory) and change nothing. */
const AS_NOBODY =
  process.getuid?.() === 0
    ? [
        'setpriv',
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        '--inh-caps=-all,+dac_read_search',
        '--ambient-caps=-all,+dac_read_search',
      ]
    : [];

/** Runs it in a persist directory of its own and makes sure that nothing came of it. */
function withoutTrace(
  args: readonly string[],
  under: readonly string[],
  env: Record<string, string> = {},
): Outcome {
  const persistDir = tempDir();
  const before = hostFiles();
  const outcome = runProgram(args, { persistDir, under, env });
  expect(contentsOf(persistDir)).toEqual({});
  expect(hostFiles()).toEqual(before);
  return outcome;
}

describe('without root', () => {
  const SENTENCE = 'changing IPVS and routes needs root, or the capability CAP_NET_ADMIN';

  test.each<[string, string[]]>([
    ['init', INIT],
    ['init --dry-run, which looks at the kernel', [...INIT, '--dry-run']],
    ['clean', ['clean', '--vs', '10.99.0.1:6443']],
    ['clean --force', ['clean', '--vs', '10.99.0.1:6443', '--force']],
  ])('%s is refused before anything is changed', (_, args) => {
    expect(withoutTrace(args, AS_NOBODY)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: ${SENTENCE}\nTry this: run it with sudo\nTry this: in a container: add the capability NET_ADMIN\n`,
    });
  });

  test.each<[string, string[]]>([
    ['install-service', ['install-service', '--no-start']],
    ['install-service --uninstall', ['install-service', '--uninstall']],
  ])('%s is refused before anything is changed', (_, args) => {
    expect(withoutTrace(args, AS_NOBODY)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'Error: installing or removing a service needs root\nTry this: run it with sudo\n',
    });
  });

  test('the refusal as JSON', () => {
    const outcome = withoutTrace([...INIT, '--json'], AS_NOBODY);
    expect(jsonOf(outcome)).toEqual({
      error: {
        code: 'not-permitted',
        message: SENTENCE,
        suggestions: ['run it with sudo', 'in a container: add the capability NET_ADMIN'],
      },
    });
    expect(outcome).toMatchObject({ exitCode: 1, stderr: '' });
  });

  test('wrong usage is named first: sudo would not help', () => {
    expect(
      withoutTrace(['init', '--vs', '127.0.0.1:6443', '--rs', '10.0.0.11:6443'], AS_NOBODY),
    ).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining('--vs 127.0.0.1:6443: a loopback address cannot be the VIP'),
    });
  });

  test('status tells what it can', () => {
    const { exitCode, stdout, stderr } = withoutTrace(['status'], AS_NOBODY);
    expect(stderr).toBe('');
    expect(exitCode).toBe(hostHasIpvs() ? 3 : 2);
    expect(stdout).toContain(
      hostHasIpvs()
        ? 'UNKNOWN  reading IPVS needs root\n'
        : 'DOWN  this kernel has no IPVS: module ip_vs is not loaded\n',
    );
  });

  test.each<[string, string[]]>([
    ['--version', ['--version']],
    ['--help', ['--help']],
    ['init --help', ['init', '--help']],
  ])('%s needs nothing', (_, args) => {
    expect(withoutTrace(args, AS_NOBODY)).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

function hostHasIpvs(): boolean {
  return existsSync('/proc/net/ip_vs');
}
