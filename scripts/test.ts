// Runs the tiers one after the other and closes with one line for each and one for all: "N passed, N failed".
// `--all` adds the scenarios that take long. A tier that fails does not stop the others, except those that would test
// what could not be built.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { trackedShellScripts } from './shell-scripts.ts';

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'node_modules/.bin');
const NODE = join(BIN, 'node');

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Tier {
  readonly name: string;
  /** Without this tier having passed, it would test something old or nothing. */
  readonly needs?: string;
  /** Not among those that run unless it is named: why not, or undefined where it does. */
  readonly unasked?: () => string | undefined;
  readonly run: () => Counts;
}

interface Result extends Counts {
  readonly name: string;
  readonly seconds: number;
  readonly remark: string;
}

const TIERS: readonly Tier[] = [
  check('lint', [join(BIN, 'biome'), 'check', '.'], ['shellcheck', ...trackedShellScripts(ROOT)]),
  check('types', [join(BIN, 'tsc'), '--noEmit']),
  check('generated', [NODE, 'scripts/check-generated.ts']),
  vitest('unit'),
  vitest('cli'),
  check(
    'build',
    [NODE, 'scripts/build.ts', '--all'],
    [NODE, 'scripts/image.ts'],
    [NODE, 'scripts/release.ts', '--draft'],
  ),
  { ...vitest('binary'), needs: 'build' },
  { ...vitest('kernel', 'kernel-untimed'), needs: 'build' },
  { ...vitest('cluster'), needs: 'build', unasked: withoutCluster },
];

/** A quarter of an hour to build Kubernetes is nothing to begin by the way. */
function withoutCluster(): string | undefined {
  if (!every) return 'with --all';
  if (process.env.CLUSTER_KUBERNETES || existsSync(join(ROOT, '.cache/cluster/kubernetes'))) return undefined;
  return 'with CLUSTER_KUBERNETES=DIR, or after scripts/cluster build';
}

/** Passed when each of the commands exits with 0. */
function check(name: string, ...commands: readonly [string, ...string[]][]): Tier {
  return {
    name,
    run() {
      const failed = commands.filter(command => !succeeds(command)).length;
      return { passed: commands.length - failed, failed, skipped: 0 };
    },
  };
}

/** Named after its first project. */
function vitest(...projects: [string, ...string[]]): Tier {
  const [name] = projects;
  const report = join(ROOT, `.cache/test-${name}.json`);
  const selection = projects.flatMap(project => ['--project', project]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const colour = process.stdout.isTTY ? [] : ['--no-color'];
  return {
    name,
    run() {
      rmSync(report, { force: true });
      const good = succeeds([join(BIN, 'vitest'), 'run', ...selection, ...reporters, ...colour]);
      const counts = readReport(report);
      // Errors outside of tests have no test to be counted at.
      return good ? counts : { ...counts, failed: Math.max(1, counts.failed) };
    },
  };
}

function succeeds([file, ...args]: readonly [string, ...string[]]): boolean {
  const env = {
    ...process.env,
    PATH: `${BIN}${delimiter}${process.env.PATH}`,
    ...(every && { EVERY_SCENARIO: '1' }),
  };
  const { status, signal, error } = spawnSync(file, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (error) console.error(String(error));
  const why = signal ?? (status !== null && status > 128 ? `a signal (exit ${status})` : undefined);
  if (why) console.error(`${file} was ended by ${why}`);
  return status === 0;
}

interface Report {
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/** Tests that did not run because their file could not be set up have failed: only a test itself says "skipped". */
function readReport(path: string): Counts {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const file of parseReport(path).testResults) {
    const count = (status: string) => file.assertionResults.filter(test => test.status === status).length;
    passed += count('passed');
    const others = file.assertionResults.length - count('passed') - count('failed');
    const notSetUp = file.status === 'failed' && count('failed') === 0;
    failed += notSetUp ? Math.max(1, others) : count('failed');
    skipped += notSetUp ? 0 : others;
  }
  return { passed, failed, skipped };
}

function parseReport(path: string): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return { testResults: [] }; // it ended before it wrote one: counted as a failure by its exit status
  }
}

/** The named tiers and those without which they would test something old or nothing. */
function wanted(names: readonly string[]): Set<string> {
  const needed = TIERS.flatMap(({ name, needs }) =>
    needs !== undefined && names.includes(name) ? [needs] : [],
  );
  return new Set([...names, ...needed]);
}

function runTiers(tiers: readonly Tier[]): Result[] {
  const results: Result[] = [];
  for (const { name, needs, run } of tiers) {
    console.log(`\n== ${name}`);
    if (results.some(result => result.name === needs && result.failed > 0)) {
      results.push({
        name,
        seconds: 0,
        passed: 0,
        failed: 1,
        skipped: 0,
        remark: `not run: ${needs} failed`,
      });
      continue;
    }
    const start = performance.now();
    const counts = run();
    results.push({ name, seconds: (performance.now() - start) / 1000, ...counts, remark: '' });
  }
  return results;
}

function summaryLine({ name, seconds, passed, failed, skipped, remark }: Result): string {
  const verdict = failed > 0 ? 'FAILED' : 'ok';
  const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return `${name.padEnd(10)} ${verdict.padEnd(7)} ${`${seconds.toFixed(1)} s`.padStart(8)}  ${remark || counts}`;
}

const every = process.argv.includes('--all');
const names = process.argv.slice(2).filter(name => name !== '--all');
const unknown = names.find(name => !TIERS.some(tier => tier.name === name));
if (unknown !== undefined) {
  console.error(`${unknown}: unknown tier; give some of ${TIERS.map(({ name }) => name).join(' ')}`);
  process.exit(64);
}
const isWanted = ({ name, unasked }: Tier): boolean =>
  names.length === 0 ? unasked?.() === undefined : wanted(names).has(name);
const results = runTiers(TIERS.filter(isWanted));
if (every && names.length === 0)
  for (const { name, unasked } of TIERS)
    if (unasked?.() !== undefined) console.log(`\n${name}: runs ${unasked()}`);
const sum = (key: 'passed' | 'failed'): number => results.reduce((total, result) => total + result[key], 0);
console.log(`\n${results.map(summaryLine).join('\n')}\n\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') > 0 ? 1 : 0;
