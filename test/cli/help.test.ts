// The help of the whole command tree, as a user sees it, and the rules that every text in it keeps.
import { describe, expect, test } from 'vitest';
import manifest from '../../oclif.manifest.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { PROGRAM, runProgram } from '../helpers/run-program.ts';

interface Flag {
  readonly name: string;
  readonly summary?: string;
  readonly description?: string;
  readonly env?: string;
}

interface Command {
  readonly summary?: string;
  readonly examples?: readonly (string | { description: string; command: string })[];
  readonly flags: Readonly<Record<string, Flag>>;
}

const COMMANDS = Object.entries(manifest.commands as Record<string, Command>);
const FLAGS = COMMANDS.flatMap(([command, { flags }]) =>
  Object.values(flags).map(flag => [`${command} --${flag.name}`, flag] as const),
);

/** A lowercase fragment without a full stop; an acronym may begin it. */
const FRAGMENT = /^(?:[a-z]|[A-Z]{2})[^\n]*[^.\s]$/;

describe('every text', () => {
  test.each(COMMANDS)('%s has a summary, a lowercase fragment without a full stop', (_, { summary }) => {
    expect(summary).toMatch(FRAGMENT);
  });

  test.each(FLAGS)('%s has a summary, a lowercase fragment without a full stop', (_, { summary }) => {
    expect(summary).toMatch(FRAGMENT);
  });

  // In `status` --probe is yes or no; the variable of that name belongs to the daemon, where it says how.
  const WITHOUT_VARIABLE = /--json$|^status --probe$/;
  test.each(FLAGS.filter(([name]) => !WITHOUT_VARIABLE.test(name)))(
    '%s has its environment variable',
    (_, { name, env }) => {
      expect(env).toBe(`BCS_APISERVER_PROXY_${name.toUpperCase().replaceAll('-', '_')}`);
    },
  );

  test.each(COMMANDS)('%s has examples, with long flags that it has', (command, { examples = [], flags }) => {
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      const line = typeof example === 'string' ? example : example.command;
      expect(line).toMatch(new RegExp(`^<%= config\\.bin %> ${command}(?: |$)`));
      const [ours = ''] = line.split(' | ');
      const used = ours.split(' ').filter(word => word.startsWith('-'));
      const known = Object.keys(flags).flatMap(flag => [`--${flag}`, `--no-${flag}`]);
      expect(used.filter(word => !known.includes(word))).toEqual([]);
    }
  });

  test.each(COMMANDS)('%s can answer with JSON', (_, { flags }) => {
    expect(flags.json).toBeDefined();
  });
});

describe('--help', () => {
  test.each(['--help', ...COMMANDS.map(([command]) => `${command} --help`)])('%s fits 80 columns', args => {
    const { exitCode, stdout, stderr } = runProgram(args.split(' '));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([]);
  });

  test('names every command, and so does no argument at all', () => {
    const { stdout } = runProgram(['--help']);
    for (const [command, { summary = '' }] of COMMANDS) {
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`${command} ${summary}`);
    }
    expect(runProgram([])).toEqual({ exitCode: 0, stdout, stderr: '' });
    expect(runProgram(['-h'])).toEqual({ exitCode: 0, stdout, stderr: '' });
  });

  test('help COMMAND is COMMAND --help', () => {
    expect(runProgram(['help', 'init'])).toEqual(runProgram(['init', '--help']));
  });
});

test('--version', () => {
  const [node = ''] = PROGRAM;
  expect(node).toBe(process.execPath);
  expect(runProgram(['--version'])).toEqual({
    exitCode: 0,
    stdout: `bcs-apiserver-proxy/${packageJson.version} linux-${process.arch} node-${process.version}\n`,
    stderr: '',
  });
});
