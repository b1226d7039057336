// The help of the whole command tree, as a user sees it, and the rules that every text in it keeps.
import { describe, expect, test } from 'vitest';
import manifest from '../../oclif.manifest.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { jsonOf, PROGRAM, runProgram } from '../helpers/run-program.ts';

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

const words = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe('--help', () => {
  const pages = ['--help', ...COMMANDS.flatMap(([name]) => [`${name} --help`, `${name} --help --env`])];
  test.each(pages)('%s fits 40, 80 and 200 columns', args => {
    for (const columns of [40, 80, 200]) {
      const { exitCode, stdout, stderr } = runProgram(args.split(' '), {
        env: { OCLIF_COLUMNS: String(columns) },
      });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      // A value is never broken, since commands are there to be pasted.
      const tooLong = stdout.split('\n').filter(line => line.length > columns);
      expect(tooLong.filter(line => line.trim().replace(/ \\$/, '').includes(' --'))).toEqual([]);
      if (columns >= 80) expect(tooLong).toEqual([]);
    }
  });

  test('names every command in the order of use, and so does no argument at all', () => {
    const { stdout } = runProgram(['--help']);
    for (const [command, { summary = '' }] of COMMANDS) {
      expect(words(stdout)).toContain(`${command} ${summary}`);
    }
    const order = [...stdout.matchAll(/^ {2}([a-z-]+) {2}/gm)].map(([, name]) => name);
    expect(order.slice(0, 6)).toEqual(['init', 'status', 'daemon', 'install-service', 'sync', 'clean']);
    expect(runProgram([])).toEqual({ exitCode: 0, stdout, stderr: '' });
    expect(runProgram(['-h'])).toEqual({ exitCode: 0, stdout, stderr: '' });
  });

  test.each(COMMANDS)(
    '%s: every flag once, with its meaning, in a group that has a name',
    (name, { flags }) => {
      const { stdout } = runProgram([name, '--help']);
      expect(stdout).not.toContain('Others:');
      for (const { name: flag, summary = '' } of Object.values(flags)) {
        expect(
          stdout.match(new RegExp(`^  (?:-., )?--(?:\\[no-\\])?${flag}[ \\n]`, 'gm')),
          flag,
        ).toHaveLength(1);
        expect(words(stdout)).toContain(words(summary));
      }
    },
  );

  test.each(COMMANDS)('%s: environment variables only where they are asked for', (name, { flags }) => {
    const names = Object.values(flags).flatMap(({ env }) => env ?? []);
    const [short, long] = [
      [name, '--help'],
      [name, '--help', '--env'],
    ].map(args => runProgram(args).stdout);
    expect(names.filter(variable => short?.includes(variable))).toEqual([]);
    expect(names.filter(variable => !long?.includes(variable))).toEqual([]);
  });

  test.each(COMMANDS)('%s: its examples can be pasted', (name, { examples = [] }) => {
    const { stdout } = runProgram([name, '--help'], { env: { OCLIF_COLUMNS: '60' } });
    const joined = stdout.replaceAll(/ \\\n +/g, ' ');
    for (const example of examples) {
      const line = typeof example === 'string' ? example : example.command;
      expect(joined).toContain(`\n  ${line.replaceAll('<%= config.bin %>', 'bcs-apiserver-proxy')}\n`);
    }
  });

  test('arguments are named with what they can be', () => {
    const { stdout } = runProgram(['completion', '--help']);
    expect(stdout).toMatch(/^Arguments:\n {2}SHELL {2}.*: bash zsh fish$/m);
  });

  test('help COMMAND is COMMAND --help', () => {
    expect(runProgram(['help', 'init'])).toEqual(runProgram(['init', '--help']));
  });
});

describe('the version', () => {
  const line = `bcs-apiserver-proxy/${packageJson.version} linux-${process.arch} node-${process.version}\n`;

  test.each(['--version', '-v'])('%s is one line', flag => {
    const [node = ''] = PROGRAM;
    expect(node).toBe(process.execPath);
    expect(runProgram([flag])).toEqual({ exitCode: 0, stdout: line, stderr: '' });
  });

  test('-v with a level is the log of the original', () => {
    const { exitCode, stderr } = runProgram(['-v', '3', '-f', '/nonexistent']);
    expect(stderr).toContain('this is the old form of: bcs-apiserver-proxy daemon');
    expect(exitCode).toBe(64);
  });

  test('version says the commit as well', () => {
    expect(runProgram(['version'])).toEqual({ exitCode: 0, stdout: `${line}commit source\n`, stderr: '' });
  });

  test('version --json', () => {
    expect(jsonOf(runProgram(['version', '--json']))).toEqual({
      version: packageJson.version,
      commit: 'source',
      platform: `linux-${process.arch}`,
      node: process.versions.node,
    });
  });
});
